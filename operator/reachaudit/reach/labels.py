"""Label selectors on labels, three-valued where labels are not known."""

from collections.abc import Mapping

from reachaudit.model.facts import Requirement, Selector
from reachaudit.reach.verdict import Value


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """All of matchLabels and matchExpressions must hold (NP-22)."""
    for key, value in selector.labels:
        if labels.get(key) != value:
            return False
    for requirement in selector.expressions:  # noqa: SIM110 - it is asked most often of all
        if not _holds(requirement, labels):
            return False
    return True


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":  # NP-23: also where the key is absent
            return value not in requirement.values
        case "Exists":  # NP-24: an empty value counts
            return value is not None
        case "DoesNotExist":
            return value is None


def matches_partly_known(selector: Selector, known: Mapping[str, str]) -> Value:
    """The same where only some labels are known: what they rule out is DENY, the rest UNKNOWN."""
    part = Selector(
        tuple(pair for pair in selector.labels if pair[0] in known),
        tuple(r for r in selector.expressions if r.key in known),
    )
    if not matches(part, known):
        return Value.DENY
    return Value.ALLOW if keys(selector) <= known.keys() else Value.UNKNOWN


def keys(selector: Selector) -> set[str]:
    """The label keys that a selector names."""
    return {key for key, _ in selector.labels} | {r.key for r in selector.expressions}
