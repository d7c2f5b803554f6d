"""RA007: rules of a direction that policyTypes leaves out."""

from collections.abc import Iterator

from reachaudit.checks.check import About, FactCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import counted
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Direction, NetworkPolicy

ABOUT = About(
    "RA007",
    "V-07",
    "RulesIgnoredByPolicyTypes",
    "Rules ignored because of policyTypes",
    "Their author believes that they hold; the API stores them and they have no effect.",
    Severity.HIGH,
)


def _judge(policy: NetworkPolicy, _: View) -> Iterator[Finding]:
    """NP-4: policyTypes wins over what rules there are."""
    directions: tuple[Direction, Direction] = ("ingress", "egress")
    for direction in directions:
        rules = policy.rules(direction)
        if not rules or policy.isolates(direction):
            continue
        side = direction.capitalize()
        yield Finding(
            ABOUT.id,
            ABOUT.severity,
            policy.ref,
            f"Ignores its {counted(len(rules), f'{direction} rule')}: policyTypes does not list "
            f"{side}, so this policy does not isolate its pods for {direction}.",
            f"Add {side} to spec.policyTypes, which shuts all {direction} but what rules allow, or "
            f"delete spec.{direction}.",
            field=f"spec.{direction}",
            target=direction,
            rules=("NP-4",),
        )


CHECK = FactCheck(ABOUT, NetworkPolicy, _judge)
