"""What the API server and /metrics really hold of the operator's words."""

from collections.abc import Mapping
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from cluster.api import Api
from cluster.objects import KubeObject, dig, text

_CONTROLLER = "reachaudit.io/operator"
_SHOWN = ("reachaudit_findings", "reachaudit_exposed_workloads", "reachaudit_pods")


class Told(NamedTuple):
    """An Event and how often it was told: a repeat is a series, not another Event."""

    text: str
    times: int


def events(api: Api) -> dict[str, Told]:
    """The operator's Events by UID, oldest first."""
    listed = api.list("events.k8s.io/v1", "Event").items
    own = [each for each in listed if text(each, "reportingController") == _CONTROLLER]
    own.sort(key=lambda each: text(each, "eventTime"))
    return {text(each, "metadata", "uid"): Told(_line(each), _times(each)) for each in own}


def news(before: Mapping[str, Told], after: Mapping[str, Told]) -> list[str]:
    """The Events that are new, or were told again."""
    return [told.text for uid, told in after.items() if before.get(uid) != told]


def times(told: Mapping[str, Told]) -> int:
    """How often anything was told."""
    return sum(each.times for each in told.values())


def series(exposition: str) -> dict[str, float]:
    """All series of an exposition by `name{labels}`."""
    return {
        _series_name(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }


def shown(all_series: Mapping[str, float]) -> dict[str, float]:
    """The series that a person cares for while the world changes."""
    return {name: value for name, value in all_series.items() if name.partition("{")[0] in _SHOWN}


def _series_name(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name


def _line(event: KubeObject) -> str:
    regarding = dig(event, "regarding")
    namespace, name = text(regarding, "namespace"), text(regarding, "name")
    where = f"{namespace}/{name}" if namespace else name
    kind, action = text(event, "type"), text(event, "action")
    return f"{kind} {action} {text(event, 'reason')} {text(regarding, 'kind')} {where}: " + text(
        event, "note"
    )


def _times(event: KubeObject) -> int:
    count = dig(event, "series", "count")
    return count if isinstance(count, int) else 1
