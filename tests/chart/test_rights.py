"""The chart's roles hold the rights that the operator uses, and not one more."""

from collections.abc import Iterator

from chart.helmchart import one, render
from cluster.objects import dig, objects
from reachaudit.model.kinds import KINDS

Right = tuple[str, str, str]  # API group, resource, verb


def granted(role: str) -> Iterator[Right]:
    for rule in objects(one(render(), role), "rules"):
        assert set(rule) == {"apiGroups", "resources", "verbs"}
        for group in _texts(dig(rule, "apiGroups")):
            for resource in _texts(dig(rule, "resources")):
                for verb in _texts(dig(rule, "verbs")):
                    yield group, resource, verb


def test_cluster_wide_it_reads_what_is_audited_and_writes_events() -> None:
    read = [(kind.group, kind.resource, verb) for kind in KINDS for verb in ("list", "watch")]
    events = [("events.k8s.io", "events", verb) for verb in ("create", "patch")]
    assert sorted(granted("ClusterRole")) == sorted([*read, *events])


def test_at_home_it_keeps_config_maps_and_a_lease() -> None:
    homes = [("", "configmaps"), ("coordination.k8s.io", "leases")]
    verbs = ("get", "create", "update")
    assert sorted(granted("Role")) == sorted((*home, verb) for home in homes for verb in verbs)


def _texts(found: object) -> list[str]:
    assert isinstance(found, list)
    return [str(each) for each in found]
