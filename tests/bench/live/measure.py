"""One cluster, loaded and audited: what the operator costs, and how soon it knows."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from bench.clusters import Cluster, cluster
from bench.edits import edits
from bench.figures import Spread, quantile, rounded
from bench.live.churn import Churn
from bench.live.figures import LiveRun
from bench.live.follower import Follower, Seen
from bench.live.health import Health
from bench.live.histogram import change_to_verdict, disagreements
from bench.live.lag import Probe
from bench.live.pace import pace
from bench.live.policies import Verdict, verdicts
from bench.live.procfs import all_cpu, cost, cpu, forget_peak
from bench.live.verified import verify, verify_pods
from bench.live.world import World, world
from bench.shapes import Shape
from live.operatorprocess import Operator

_START_SECONDS, _STOP_SECONDS = 900.0, 120.0
_REST_SECONDS = 10.0
_ANY = "one policy changed"


@dataclass(frozen=True)
class Load:
    """What is asked of the operator: policies changed, and pod events a second for so long."""

    changes: int = 100
    rate: float = 500.0
    seconds: float = 120.0


@dataclass
class _Run:
    """A run as it goes on."""

    made: Cluster
    probe: Probe
    world: World
    operator: Operator
    health: Health
    seed: int
    load: Load
    figures: dict[str, float] = field(default_factory=dict)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)


def measure(shape: Shape, seed: int, load: Load) -> LiveRun:
    """Measure a shape. Raises Wrong where what the operator tells is not the truth."""
    made, began = cluster(shape, seed), time.monotonic()
    probe = Probe(made)
    with world([*made.facts, *probe.facts]) as ready:
        loaded = time.monotonic() - began
        operator = Operator(
            ready.command,
            ready.kubeconfig,
            seconds=_START_SECONDS,
            stop_seconds=_STOP_SECONDS,
            started=lambda: health.start(),
        )
        with Health(operator) as health:
            run = _Run(made, probe, ready, operator, health, seed, load, {"load_s": loaded})
            with _started(run), Follower(operator) as follower:
                changed, said = _measured(run, follower)
    return _told(run, changed, said)


@contextmanager
def _started(run: _Run) -> Iterator[None]:
    """The operator from its first breath to its first verdict, and at rest."""
    server = list(run.world.controlplane.pids.values())
    began, served, busy, ours = time.monotonic(), cpu(server), all_cpu(), cpu([os.getpid()])
    with run.operator as operator:
        seconds, mine = time.monotonic() - began, cost(operator.pid)
        served = cpu(server) - served
        others = all_cpu() - busy - served - mine.cpu - (cpu([os.getpid()]) - ours)
        run.figures |= {
            "ready_s": seconds,
            "ready_cpu_s": mine.cpu,
            "ready_server_cpu_s": served,
            "ready_others_pct": _share(others, seconds),
            "ready_stall_ms": run.health.longest() * 1_000,
        }
        time.sleep(_REST_SECONDS)
        run.figures["rest_rss_mib"] = cost(operator.pid).rss
        yield
        stopped = time.monotonic()
    run.figures["stop_s"] = time.monotonic() - stopped


def _share(seconds: float, wall: float) -> float:
    """Percent of all cores."""
    return max(0.0, seconds / wall / (os.cpu_count() or 1) * 100)


def _measured(run: _Run, follower: Follower) -> tuple[list[Verdict], list[str]]:
    """Policies, then pods; the verdicts of policies, and where clocks disagree."""
    pid, facts = run.operator.pid, [*run.made.facts, *run.probe.facts]
    first = cost(pid).peak
    verify_pods(run.operator, facts)
    run.health.longest()
    changed, said = _policies(run, follower)
    forget_peak(pid)
    churn = Churn(run.made, run.seed)
    _churn(run, follower, churn)
    run.figures["peak_rss_mib"] = max(first, run.figures["churn_rss_mib"])
    run.figures["scrape_ms"] = max(run.health.scrapes(), default=0.0) * 1_000
    time.sleep(_REST_SECONDS)
    run.figures["after_rss_mib"] = cost(pid).rss
    now = {fact.ref: fact for fact in facts} | churn.facts
    verify(run.operator, [fact for fact in now.values() if fact])
    return changed, said


def _told(run: _Run, changed: list[Verdict], said: list[str]) -> LiveRun:
    kinds: defaultdict[str, list[Verdict]] = defaultdict(list, {_ANY: changed})
    for each in changed:
        kinds[each.kind].append(each)
    spreads = {kind: _spread(found) for kind, found in kinds.items()}
    figures = {name: rounded(value) for name, value in run.figures.items()}
    return LiveRun(len(run.made.facts), figures, spreads, run.stages, said)


def _policies(run: _Run, follower: Follower) -> tuple[list[Verdict], list[str]]:
    """Policies changed one by one while nothing else happens; where the clocks disagree."""
    before, since = change_to_verdict(run.operator.metrics()), follower.count
    wanted = edits(run.made, run.seed, max(1, run.load.changes // 2))
    found = list(verdicts(run.world.controlplane.api, follower, wanted, run.seed))
    told = change_to_verdict(run.operator.metrics()).since(before)
    outside, own = [each.outside for each in found], [each.own for each in found]
    run.figures |= {
        "policy_p50_ms": quantile(outside, 0.5) * 1_000,
        "policy_p99_ms": quantile(outside, 0.99) * 1_000,
        "own_p50_ms": quantile(own, 0.5) * 1_000,
        "own_p99_ms": quantile(own, 0.99) * 1_000,
        "policy_stall_ms": run.health.longest() * 1_000,
    }
    run.stages["policies"] = _stages(follower.since(since))
    return found, list(disagreements(told, own, outside))


def _churn(run: _Run, follower: Follower, churn: Churn) -> None:
    """Pods roll, and a probe among them tells how far the verdict is behind."""
    etcd, pid, server = run.world.controlplane.etcd, run.operator.pid, run.world.controlplane.pids
    since, ended = follower.count, Event()
    known = [pid, os.getpid(), *server.values()]
    busy, ours, began = all_cpu(), cpu(known), cost(pid).cpu
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(run.probe.lags, etcd, follower, ended)
        try:
            paced = pace(etcd, churn.writes(), run.load.rate, run.load.seconds)
        finally:
            ended.set()
        lags = asked.result()
    others, spent = all_cpu() - busy - (cpu(known) - ours), cost(pid)
    seen = follower.since(since)
    run.figures |= {
        "churn_pods_per_s": paced.rate,
        "churn_cpu_pct": (spent.cpu - began) / paced.seconds * 100,
        "churn_others_pct": _share(others, paced.seconds),
        "churn_rss_mib": spent.peak,
        "lag_p50_ms": quantile(lags, 0.5) * 1_000,
        "lag_max_ms": max(lags) * 1_000,
        "own_lag_max_ms": max(c.seconds for each in seen for c in each.round.changed) * 1_000,
        "churn_stall_ms": run.health.longest() * 1_000,
    }
    run.stages["churn"] = _stages(seen)


def _stages(seen: Sequence[Seen]) -> dict[str, float]:
    """Milliseconds of a round, stage by stage, on the mean; and how many changes it had."""
    totals: defaultdict[str, float] = defaultdict(float)
    for each in seen:
        totals["changes"] += each.round.changes
        for stage, seconds in each.round.stage_seconds.items():
            totals[stage] += seconds * 1_000
    return {stage: rounded(total / len(seen)) for stage, total in totals.items()}


def _spread(found: Sequence[Verdict]) -> Spread:
    milliseconds = [each.outside * 1_000 for each in found]
    return Spread(
        len(found),
        median_ms=rounded(quantile(milliseconds, 0.5)),
        p99_ms=rounded(quantile(milliseconds, 0.99)),
        largest_ms=rounded(max(milliseconds)),
        flows=sum(each.flows for each in found),
    )
