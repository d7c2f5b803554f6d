"""RA002: pods that no policy isolates for ingress, in a namespace that has policies."""

from reachaudit.checks.check import About, NamespaceCheck
from reachaudit.checks.isolation import not_isolated
from reachaudit.checks.view import View
from reachaudit.findings.finding import Finding, Severity

ABOUT = About(
    "RA002",
    "V-02",
    "PodsNotIsolatedForIngress",
    "Pods not isolated for ingress",
    "Any pod in the cluster can connect to them: lateral movement has an open door, though the "
    "namespace has policies.",
    Severity.MEDIUM,
)


def _judge(namespace: str, view: View) -> list[Finding]:
    return list(not_isolated(ABOUT, namespace, "ingress", view))


CHECK = NamespaceCheck(ABOUT, _judge)
