"""RA005: a NetworkPolicy whose podSelector matches no pod."""

from collections.abc import Collection, Iterable, Iterator

from reachaudit.checks.check import About, FactCheck
from reachaudit.checks.view import Sort, View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import NetworkPolicy, Selector
from reachaudit.reach.labels import matches

ABOUT = About(
    "RA005",
    "V-05",
    "PolicySelectsNoPod",
    "NetworkPolicy that selects no pod",
    "It protects nothing, and looks as if it did; often its selector has a slip.",
    Severity.LOW,
)

_BESIDE = "Its labels fit only pods on their node's network, and policies have no effect on those."


def _judge(policy: NetworkPolicy, view: View) -> Iterator[Finding]:
    """All pods that have not ended count, also those that are only starting (NP-2).

    A policy for all pods holds no slip, and waits for the first.
    """
    if policy.subject == Selector():
        return
    begun = view.sorts(policy.namespace)
    applied = view.reach.assumptions.host_network == "applied"
    pods = [pod for pod in begun if applied or not pod.host_network]
    if _fits_any(policy, pods):
        return
    yield Finding(
        ABOUT.id,
        ABOUT.severity,
        policy.ref,
        f"Selects no pod of {policy.namespace}, so it protects nothing. "
        f"{_BESIDE if _fits_any(policy, begun) else _hint(policy, pods)}",
        "Correct spec.podSelector, or delete the policy if its pods are gone for good.",
        field="spec.podSelector",
        rules=("NP-1", "NP-2", "NP-47"),
    )


def _fits_any(policy: NetworkPolicy, pods: Iterable[Sort]) -> bool:
    return any(matches(policy.subject, dict(pod.labels)) for pod in pods)


def _hint(policy: NetworkPolicy, pods: Collection[Sort]) -> str:
    """The first label that no pod has, and what pods have instead."""
    if not pods:
        return "The namespace has no pod that a policy can select."
    for key, wanted in policy.subject.labels:
        values = sorted({value for pod in pods for k, value in pod.labels if k == key})
        if not values:
            return f"No pod there has a label {key}."
        if wanted not in values:
            return f"It wants {key}={wanted}; pods there have {key}={some(values)}."
    return "No pod there fulfils all of it together."


CHECK = FactCheck(ABOUT, NetworkPolicy, _judge)
