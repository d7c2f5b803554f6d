"""The Events that the operator has posted, counted as transitions of findings."""

import re
from collections import Counter
from collections.abc import Sequence

from cluster.api import Api
from cluster.objects import KubeObject, dig, text

CONTROLLER = "reachaudit.io/operator"

Transition = tuple[str, str, str]  # Opened or Closed, `RA022 Service/shop`, the object's UID
_CHECK = re.compile(r"\[(RA\d{3}) [a-z]+\] ")


def events(api: Api, namespace: str = "") -> Sequence[KubeObject]:
    """All Events of the operator in a namespace, or anywhere."""
    found = api.list("events.k8s.io/v1", "Event", namespace).items
    return [event for event in found if text(event, "reportingController") == CONTROLLER]


def transitions(api: Api, namespace: str) -> Counter[Transition]:
    """What Events in a namespace tell: each counts once, and once more for each repeat."""
    counts: Counter[Transition] = Counter()
    for event in events(api, namespace):
        counts[_transition(event)] += occurrences(event)
    return counts


def occurrences(event: KubeObject) -> int:
    """How often an Event's cause occurred."""
    count = dig(event, "series", "count")
    return count if isinstance(count, int) else 1


def _transition(event: KubeObject) -> Transition:
    check = _CHECK.match(text(event, "note"))
    assert check, event
    regarding = f"{text(event, 'regarding', 'kind')}/{text(event, 'regarding', 'name')}"
    uid = text(event, "regarding", "uid")
    assert text(event, "regarding", "namespace") == text(event, "metadata", "namespace")
    return text(event, "action"), f"{check[1]} {regarding}", uid
