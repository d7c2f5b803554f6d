"""RA003: pods that no policy isolates for egress, in a namespace that has policies."""

from reachaudit.checks.check import About, NamespaceCheck
from reachaudit.checks.isolation import not_isolated
from reachaudit.checks.view import View
from reachaudit.findings.finding import Finding, Severity

ABOUT = About(
    "RA003",
    "V-03",
    "PodsNotIsolatedForEgress",
    "Pods not isolated for egress",
    "They can connect to every address: what is stolen can leave, and commands can come in, though "
    "the namespace has policies.",
    Severity.MEDIUM,
)


def _judge(namespace: str, view: View) -> list[Finding]:
    return list(not_isolated(ABOUT, namespace, "egress", view))


CHECK = NamespaceCheck(ABOUT, _judge)
