"""Prometheus metrics over the current state: no series outlives its cause."""

import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from prometheus_client import Counter as CounterMetric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from reachaudit import __version__
from reachaudit.checks.catalogue import ABOUT
from reachaudit.outputs.text import safe
from reachaudit.round.pipeline import Round
from reachaudit.round.summary import EXPOSURE_ZONES, ISOLATIONS

disable_created_metrics()

MOST_NAMESPACES = 500
OTHER = "_other"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True)
class KindHealth:
    """A kind's watch: whether it is known, or may not be read, and seconds since the API server
    last said anything.
    """

    synced: bool
    unread: bool
    staleness: float


@dataclass(frozen=True)
class Health:
    """What the watches say now. `problems`: objects that cannot be read whole, by kind.

    `leads`: of several replicas, this one tells what is found.
    """

    leads: bool
    kinds: Mapping[str, KindHealth]
    problems: Mapping[str, int]
    events: Mapping[str, int]


class Metrics(Collector):
    """Holds the last round, and answers scrapes from it."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health
        self._round: Round | None = None
        self._finished = 0.0
        self.registry = CollectorRegistry(auto_describe=False)
        self._delay = Histogram(
            "reachaudit_change_to_verdict_seconds",
            "From the arrival of a change to the verdict in these metrics.",
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._stages = Histogram(
            "reachaudit_stage_seconds",
            "How long each stage of a round took.",
            ["stage"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self._flows = CounterMetric(
            "reachaudit_flows_changed",
            "Flows that changes opened (gained) or shut (lost), after the baseline.",
            ["change"],
            registry=self.registry,
        )
        for change in ("gained", "lost"):
            self._flows.labels(change)
        self.registry.register(self)

    def take(self, result: Round, *, leads: bool) -> None:
        """Show a round from now on; flows are counted by who leads."""
        self._round, self._finished = result, time.time()
        for stage, seconds in result.stages.items():
            self._stages.labels(stage).observe(seconds)
        for delta in result.deltas if leads else ():
            self._flows.labels("gained").inc(len(delta.gained))
            self._flows.labels("lost").inc(len(delta.lost))
        now = time.monotonic()  # only now all is there that a scrape shows
        for change in result.changes if not result.baseline else ():
            self._delay.observe(now - change.arrived)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        """Gauges of the current state."""
        yield _gauge("reachaudit_build_info", "What runs.", {(__version__, _PYTHON): 1}, *_BUILD)
        health = self._health()
        leads = GaugeMetricFamily(
            "reachaudit_leader",
            "1 where this replica leads and exports what is found, 0 where it stands by.",
        )
        leads.add_metric([], int(health.leads))
        yield leads
        yield from self._of_watches(health)
        if self._round is not None:
            when = "When the last round ended."
            last = GaugeMetricFamily("reachaudit_last_round_timestamp_seconds", when)
            last.add_metric([], self._finished)
            yield last
            if health.leads:
                yield from self._of_round(self._round)

    @staticmethod
    def _of_watches(health: Health) -> Iterator[Metric]:
        synced = {kind: int(state.synced) for kind, state in health.kinds.items()}
        staleness = {kind: state.staleness for kind, state in health.kinds.items()}
        unread = {kind: int(state.unread) for kind, state in health.kinds.items()}
        yield _by("kind", "reachaudit_kind_synced", "1 where a kind was listed.", synced)
        yield _by("kind", "reachaudit_kind_unread", "1 where a kind may not be read.", unread)
        yield _by(
            "kind",
            "reachaudit_kind_staleness_seconds",
            "Since the API server last said anything of a kind.",
            staleness,
        )
        problems = "Parts of objects that cannot be read."
        yield _by("kind", "reachaudit_problems", problems, health.problems)
        events = CounterMetricFamily(
            "reachaudit_events", "Events, by what became of them.", labels=("result",)
        )
        for result, number in health.events.items():
            events.add_metric([result], number)
        yield events

    @staticmethod
    def _of_round(result: Round) -> Iterator[Metric]:
        findings, spread = _findings(result), _by_namespace(result)
        yield _gauge(
            "reachaudit_findings", "Open findings.", findings, "check", "severity", "state"
        )
        yield _gauge(
            "reachaudit_namespace_findings",
            "Open findings by namespace, the worst namespaces.",
            spread,
            "namespace",
            "severity",
        )
        summary = result.summary
        pods = {name: summary.pods[name] for name in ISOLATIONS}
        exposed = {zone: summary.exposed[zone] for zone in EXPOSURE_ZONES}
        unknown = {reason.value: number for reason, number in summary.unknown.items()}
        yield _by("isolation", "reachaudit_pods", "Live pods by isolation.", pods)
        yield _by(
            "zone",
            "reachaudit_exposed_workloads",
            "Workloads that clients of a zone surely reach.",
            exposed,
        )
        yield _by("reason", "reachaudit_unknown_flows", "Flows UNKNOWN, by reason.", unknown)


_PYTHON = platform.python_version()
_BUILD = ("version", "python")
Values = Mapping[tuple[str, ...], float]


def _by(label: str, name: str, help_: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    return _gauge(name, help_, {(key,): value for key, value in values.items()}, label)


def _gauge(name: str, help_: str, values: Values, *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_, labels=labels)
    for key, value in values.items():
        family.add_metric([safe(part, 253) for part in key], value)
    return family


def _findings(result: Round) -> Values:
    """By check, severity and state; each check has a zero, so that its absence is no gap."""
    counts: Counter[tuple[str, ...]] = Counter()
    for check in ABOUT.values():
        counts[check.id, check.severity.value, "open"] = 0
    for entry in result.open:
        counts[entry.finding.check, entry.finding.severity.value, "open"] += 1
    return counts


def _by_namespace(result: Round) -> Values:
    """The namespaces with the most findings by name, the rest together: a bound on series."""
    totals = Counter(entry.finding.namespace for entry in result.open)
    named = {namespace for namespace, _ in totals.most_common(MOST_NAMESPACES)}
    counts: Counter[tuple[str, ...]] = Counter()
    for entry in result.open:
        namespace = entry.finding.namespace
        counts[namespace if namespace in named else OTHER, entry.finding.severity.value] += 1
    return counts
