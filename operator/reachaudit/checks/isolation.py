"""Findings about pods that nothing isolates in a direction: one for a namespace, by its cause."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reachaudit.checks.check import About
from reachaudit.checks.view import Crowd, View
from reachaudit.checks.words import counted, workload_names
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Direction, Namespace
from reachaudit.model.names import Ref
from reachaudit.reach.workloads import Workload

_CONSEQUENCE = {
    "ingress": "open to every pod of the cluster, on every port",
    "egress": "free to connect to every address, inside the cluster and outside",
}
_MEANT = {
    "ingress": "a policy for each flow that is meant",
    "egress": "a policy for each flow that is meant, DNS too,",
}


def not_isolated(
    about: About, namespace: str, direction: Direction, view: View
) -> Iterator[Finding]:
    """One finding with all the pods that a default deny would isolate (NP-5).

    Where a namespace has no policy at all, another finding says so alone.
    """
    pods = view.unisolated(namespace, direction) if view.governed(namespace) else ()
    if not pods:
        return
    message = (
        f"No policy in {namespace} isolates {crowded(pods)} for {direction}: "
        f"{_CONSEQUENCE[direction]}."
    )
    fix = (
        f"In {namespace}, apply together {_MEANT[direction]} and a default deny "
        f"(podSelector {{}}, policyTypes [{direction.capitalize()}])."
    )
    cause = Ref(Namespace.kind, "", namespace)
    found = Finding(about.id, about.severity, cause, message, fix, rules=("NP-5", "NP-6"))
    yield weighed(found, pods, view)


def crowded(pods: Sequence[Crowd]) -> str:
    """`12 pods (shop/web, shop/db)`."""
    number = counted(sum(crowd.pods for crowd in pods), "pod")
    return f"{number} ({workload_names(_workloads(pods))})"


def weighed(finding: Finding, pods: Sequence[Crowd], view: View) -> Finding:
    """A finding about open pods: graver where the internet reaches some of them."""
    exposed = [w for w in _workloads(pods) if view.internet_reaches(w)]
    if not exposed:
        return finding
    message = f"{finding.message} The internet reaches {workload_names(exposed)}."
    return replace(finding, severity=Severity.HIGH, message=message)


def _workloads(pods: Sequence[Crowd]) -> list[Workload]:
    return sorted({crowd.workload for crowd in pods})
