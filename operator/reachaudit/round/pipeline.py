"""The pipeline: changes → reachability → findings → transitions, one round at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from reachaudit.checks.catalogue import CATALOGUE
from reachaudit.checks.view import View
from reachaudit.findings.ledger import Entry, Ledger, Transition
from reachaudit.model.store import Change
from reachaudit.reach.delta import Delta
from reachaudit.reach.engine import Engine
from reachaudit.round.summary import Summary, summarise
from reachaudit.settings import Assumptions

Clock = Callable[[], float]


@dataclass(frozen=True)
class Round:
    """What a round gave.

    `baseline`: the first one, where everything is new and nothing is news. `open` are all open
    findings after it. `stages`: seconds by stage. `changes`: what changed, with when it came in.
    """

    baseline: bool
    transitions: tuple[Transition, ...]
    delta: Delta
    open: tuple[Entry, ...]
    summary: Summary
    stages: dict[str, float]
    changes: tuple[Change, ...]


@dataclass
class _Stages:
    clock: Clock
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = self.clock()
        yield
        self.seconds[name] = self.clock() - began


class Pipeline:
    """Owns the engine and the ledger. One caller at a time; no I/O; the clocks are handed in."""

    def __init__(
        self, assumptions: Assumptions, excluded: frozenset[str], clock: Clock, timer: Clock
    ) -> None:
        """`clock`: seconds since the epoch, for people. `timer`: for durations."""
        self._engine, self._ledger = Engine(assumptions), Ledger()
        self._excluded, self._clock, self._timer = excluded, clock, timer
        self._baseline = True

    def run(self, changes: Sequence[Change]) -> Round:
        """Work out one round."""
        stage = _Stages(self._timer)
        with stage("reach"):
            delta = self._engine.apply(changes)
        with stage("checks"):
            view = View(self._engine.reach, self._excluded)
            findings = [finding for check in CATALOGUE for finding in check.findings(view)]
        with stage("ledger"):
            transitions = self._ledger.settle(findings, self._clock())
            summary = summarise(self._engine.reach)
        baseline, self._baseline = self._baseline, False
        return Round(
            baseline,
            tuple(transitions),
            delta,
            tuple(self._ledger),
            summary,
            stage.seconds,
            tuple(changes),
        )
