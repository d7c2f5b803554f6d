"""RA001: a namespace with pods, and no NetworkPolicy."""

from collections.abc import Iterator

from reachaudit.checks.check import About, UnitCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import counted, workload_names
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


def _units(view: View) -> list[str]:
    """Namespaces that no policy governs, nor a vendor's that reaches over the cluster."""
    if view.governed_by_others:
        return []
    return [name for name in view.selectable if name not in view.governed]


def _judge(namespace: str, view: View) -> Iterator[Finding]:
    pods = view.selectable[namespace]
    workloads = view.workloads(pods)
    exposed = [w for w in workloads if w in view.internet_reaches]
    message = (
        f"No NetworkPolicy in {namespace}: {counted(len(pods), 'pod')} "
        f"({workload_names(workloads)}) open to every pod of the cluster on every port, and free "
        "to connect to every address."
    )
    if exposed:
        message += f" The internet reaches {workload_names(exposed)}."
    yield Finding(
        ABOUT.id,
        Severity.HIGH if exposed else ABOUT.severity,
        Ref(Namespace.kind, "", namespace),
        message,
        f"In {namespace}, apply together a policy for each flow that is meant, DNS too, and a "
        "default deny (podSelector {}, policyTypes [Ingress, Egress]).",
        rules=("NP-6",),
    )


CHECK = UnitCheck(ABOUT, _units, _judge)
