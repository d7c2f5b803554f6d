"""RA005: a NetworkPolicy whose podSelector matches no pod."""

from collections.abc import Iterator

from reachaudit.checks.check import About, UnitCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import NetworkPolicy, Pod
from reachaudit.reach.labels import matches

ABOUT = About(
    "RA005",
    "V-05",
    "PolicySelectsNoPod",
    "NetworkPolicy that selects no pod",
    "It protects nothing, and looks as if it did; often its selector has a slip.",
    Severity.LOW,
)


def _judge(policy: NetworkPolicy, view: View) -> Iterator[Finding]:
    """All pods that have not ended count, also those that are only starting (NP-2)."""
    pods = [
        pod for pod in view.pods_in(policy.namespace) if pod.phase not in ("Succeeded", "Failed")
    ]
    if any(matches(policy.subject, dict(pod.labels)) for pod in pods):
        return
    yield Finding(
        ABOUT.id,
        ABOUT.severity,
        policy.ref,
        f"Selects no pod of {policy.namespace}, so it protects nothing. {_hint(policy, pods)}",
        "Correct the podSelector, or delete the policy if its pods are gone for good.",
        field="spec.podSelector",
        rules=("NP-1", "NP-2"),
    )


def _hint(policy: NetworkPolicy, pods: list[Pod]) -> str:
    """What the pods there have instead, of the first key that the selector names."""
    if not pods:
        return "The namespace has no pods."
    key = next((key for key, _ in policy.subject.labels), None)
    if key is None:
        return "No pod fulfils its expressions."
    wanted = dict(policy.subject.labels)[key]
    values = sorted({value for pod in pods for k, value in pod.labels if k == key})
    if not values:
        return f"No pod there has a label {key}."
    if wanted in values:
        return "Its labels are there, but on no pod together."
    return f"It wants {key}={wanted}; pods there have {key}={some(values)}."


CHECK = UnitCheck(ABOUT, lambda view: view.of(NetworkPolicy), _judge)
