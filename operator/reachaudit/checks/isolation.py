"""Findings about pods that nothing isolates in a direction: one for a namespace, by its cause."""

from collections.abc import Iterator

from reachaudit.checks.check import About
from reachaudit.checks.view import View
from reachaudit.checks.words import counted, workload_names
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Direction, Namespace
from reachaudit.model.names import Ref

_CONSEQUENCE = {
    "ingress": "open to every pod of the cluster, on every port",
    "egress": "free to connect to every address, inside the cluster and outside",
}
_MEANT = {
    "ingress": "a policy for each flow that is meant",
    "egress": "a policy for each flow that is meant, DNS too,",
}


def governed_namespaces(view: View) -> list[str]:
    """Namespaces with pods that have a policy: where there is none, one finding says so alone."""
    return [name for name in view.selectable if name in view.governed]


def not_isolated(
    about: About, namespace: str, direction: Direction, view: View
) -> Iterator[Finding]:
    """One finding with all the pods that a default deny would isolate (NP-5)."""
    pods = view.unisolated(namespace, direction)
    if not pods:
        return
    workloads = view.workloads(pods)
    exposed = [w for w in workloads if w in view.internet_reaches]
    message = (
        f"No policy in {namespace} isolates {counted(len(pods), 'pod')} "
        f"({workload_names(workloads)}) for {direction}: {_CONSEQUENCE[direction]}."
    )
    if exposed:
        message += f" The internet reaches {workload_names(exposed)}."
    yield Finding(
        about.id,
        Severity.HIGH if exposed else about.severity,
        Ref(Namespace.kind, "", namespace),
        message,
        f"In {namespace}, apply together {_MEANT[direction]} and a default deny "
        f"(podSelector {{}}, policyTypes [{direction.capitalize()}]).",
        rules=("NP-5", "NP-6"),
    )
