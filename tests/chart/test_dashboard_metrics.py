"""The dashboards ask for what the operator shows, by the very names."""

import time

from chart.dashboard import sample_names
from live.exposition import Exposition
from reachaudit.model.kinds import NAMESPACE, POD, SERVICE, VENDOR_KINDS
from reachaudit.model.store import Store
from reachaudit.outputs.metrics import Health, KindHealth, Metrics
from reachaudit.round.pipeline import Pipeline
from reachaudit.settings import Assumptions

POD_A, POD_B = (
    {
        "metadata": {"namespace": "shop", "name": name},
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running", "podIP": address},
    }
    for name, address in (("a", "10.0.0.1"), ("b", "10.0.0.2"))
)
DEAD = {
    "metadata": {"namespace": "shop", "name": "dead"},
    "spec": {"selector": {"app": "gone"}, "ports": [{"port": 80}]},
}
VENDORS = {"metadata": {"namespace": "shop", "name": "theirs"}}


def exposition() -> Exposition:
    """A state in which every metric has a series: a finding, and flows that are UNKNOWN."""
    store, pipeline = Store(), Pipeline(Assumptions(), frozenset(), time.time, time.perf_counter)
    metrics = Metrics(
        lambda: Health(True, {"Pod": KindHealth(True, False, 1.0)}, {"Pod": 1}, {"posted": 1})
    )
    parsed = [
        NAMESPACE.parse({"metadata": {"name": "shop"}}),
        POD.parse(POD_A),
        POD.parse(POD_B),
        SERVICE.parse(DEAD),
        VENDOR_KINDS[0].parse(VENDORS),
    ]
    for _ in range(2):  # the first round is the baseline
        metrics.take(pipeline.run([c for item in parsed for c in store.put(item, 0.0)]), leads=True)
    return Exposition(metrics.exposition().decode())


def test_every_name_is_shown() -> None:
    shown = exposition()
    names = {sample.name for family in shown.families for sample in family.samples}
    assert sample_names() - names == set()
