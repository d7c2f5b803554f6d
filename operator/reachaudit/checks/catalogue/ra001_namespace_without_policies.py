"""RA001: a namespace with pods, and no NetworkPolicy."""

from collections.abc import Iterator

from reachaudit.checks.check import About, NamespaceCheck
from reachaudit.checks.isolation import crowded, weighed
from reachaudit.checks.view import View
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Namespace
from reachaudit.model.names import Ref

ABOUT = About(
    "RA001",
    "V-01",
    "NamespaceWithoutPolicies",
    "Namespace with pods but no NetworkPolicy",
    "Its pods accept connections from every pod and may connect to every address: who takes over "
    "one pod of the cluster reaches all of these.",
    Severity.MEDIUM,
)


def _judge(namespace: str, view: View) -> Iterator[Finding]:
    """A namespace that no policy governs, nor a vendor's that reaches over the cluster."""
    pods = view.selectable(namespace)
    if not pods or view.governed(namespace) or view.reach.judge.opaque_everywhere:
        return
    found = Finding(
        ABOUT.id,
        ABOUT.severity,
        Ref(Namespace.kind, "", namespace),
        f"No NetworkPolicy in {namespace}: {crowded(pods)} open to every pod of the cluster on "
        "every port, and free to connect to every address.",
        f"In {namespace}, apply together a policy for each flow that is meant, DNS too, and a "
        "default deny (podSelector {}, policyTypes [Ingress, Egress]).",
        rules=("NP-6",),
    )
    yield weighed(found, pods, view)


CHECK = NamespaceCheck(ABOUT, _judge)
