"""The metrics of rounds: in whatever way things are named, a text that any Prometheus can read."""

import time
from collections.abc import Iterable

import pytest

from live.exposition import Exposition
from reachaudit.model.kinds import NAMESPACE, POD, VENDOR_KINDS
from reachaudit.model.store import Change, Store
from reachaudit.outputs import metrics as outputs
from reachaudit.outputs.metrics import Health, Metrics
from reachaudit.outputs.text import safe
from reachaudit.round.pipeline import Pipeline
from reachaudit.settings import Assumptions

NAMESPACE_FINDINGS = "reachaudit_namespace_findings"


def exposed(*rounds: Iterable[Change]) -> Exposition:
    """What is shown after some rounds."""
    pipeline = Pipeline(Assumptions(), frozenset(), time.time, time.perf_counter)
    metrics = Metrics(lambda: Health(True, {}, {}, {}))
    for changes in rounds:
        metrics.take(pipeline.run(list(changes)), leads=True)
    return Exposition(metrics.exposition().decode())


def unguarded(store: Store, name: str, pods: int = 1) -> list[Change]:
    """A namespace with pods and without a policy: one finding of RA001."""
    changes = store.put(NAMESPACE.parse({"metadata": {"name": name}}), 0.0)
    for number in range(pods):
        pod = {
            "metadata": {"namespace": name, "name": f"p{number}"},
            "spec": {"nodeName": "node-1"},
            "status": {"phase": "Running", "podIP": f"10.244.1.{number}"},
        }
        changes += store.put(POD.parse(pod), 0.0)
    return changes


@pytest.mark.parametrize("odd", ['x"} 1\nreachaudit_findings{check="', "\\", "\x1b[31m\u202e", "ä"])
def test_no_name_breaks_the_exposition(odd: str) -> None:
    shown = exposed(unguarded(Store(), odd))
    assert shown.by(NAMESPACE_FINDINGS, "namespace") == {(safe(odd),): 1}
    assert shown.value("reachaudit_findings", check="RA001", severity="medium", state="open") == 1


def test_namespaces_beyond_a_bound_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "MOST_NAMESPACES", 2)
    store = Store()
    shown = exposed([c for n in range(5) for c in unguarded(store, f"ns{n}")])
    by = shown.by(NAMESPACE_FINDINGS, "namespace")
    assert sorted(by.values()) == [1, 1, 3]
    assert by["_other",] == 3


def test_no_series_outlives_its_cause() -> None:
    store = Store()
    opened = unguarded(store, "shop")
    gone = [*store.replace("Pod", [], 0.0), *store.replace("Namespace", [], 0.0)]
    shown = exposed(opened, gone)
    assert shown.by(NAMESPACE_FINDINGS, "namespace") == {}
    assert 'namespace="shop"' not in shown.text
    assert shown.value("reachaudit_findings") == 0
    # What was there at first is no news, and what came later is.
    assert shown.value("reachaudit_change_to_verdict_seconds_count") == len(gone)
    assert shown.value("reachaudit_flows_changed_total", change="gained") == 0
    assert shown.value("reachaudit_flows_changed_total", change="lost") > 0


def test_pods_under_policies_that_are_not_read_are_not_counted_as_open() -> None:
    store = Store()
    theirs = {"metadata": {"namespace": "shop", "name": "theirs"}}
    changes = [*unguarded(store, "shop"), *store.put(VENDOR_KINDS[0].parse(theirs), 0.0)]
    shown = exposed(changes)
    assert shown.by("reachaudit_pods", "isolation") == {("unknown",): 1}
