"""The pipeline: changes → reachability → findings → transitions, one round at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from reachaudit.checks.catalogue import CATALOGUE
from reachaudit.checks.view import View
from reachaudit.findings.ledger import Entry, Ledger, Transition
from reachaudit.model.store import Change
from reachaudit.reach.delta import Delta
from reachaudit.reach.engine import Engine
from reachaudit.round.standing import Standing
from reachaudit.round.summary import Summaries, Summary
from reachaudit.settings import Assumptions

_MANY = 200
Clock = Callable[[], float]
NEVER: Mapping[str, float] = {}


@dataclass(frozen=True)
class Round:
    """What a round gave.

    `baseline`: the first one, where everything is new and nothing is news. `open` are all open
    findings after it. `stages`: seconds by stage. `changes`: what changed, with when it came in.
    `deltas`: what each of them did to flows, where they were not too many to be told apart.
    """

    baseline: bool
    transitions: tuple[Transition, ...]
    deltas: tuple[Delta, ...]
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
        view = View(self._engine.reach, excluded)
        self._standing, self._summaries = Standing(CATALOGUE, view), Summaries(view, timer)
        self._clock, self._timer = clock, timer
        self._baseline = True

    def run(self, changes: Sequence[Change], since: Mapping[str, float] = NEVER) -> Round:
        """Work out one round. `since`: when findings opened that were known before, by
        fingerprint, in seconds since the epoch.
        """
        stage = _Stages(self._timer)
        with stage("reach"):
            deltas = tuple(self._engine.apply(part) for part in self._parts(changes))
        with stage("checks"):
            judged = list(self._standing.follow(changes))
        with stage("ledger"):
            before = (finding for unit in judged for finding in unit.before)
            found = (finding for unit in judged for finding in unit.now)
            transitions = self._ledger.settle(before, found, self._clock())
            if since:
                self._ledger.recall(since)
        with stage("summary"):
            summary = self._summaries.follow(changes)
        baseline, self._baseline = self._baseline, False
        return Round(
            baseline,
            tuple(transitions),
            deltas,
            self._ledger.open(),
            summary,
            stage.seconds,
            tuple(changes),
        )

    def _parts(self, changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
        """Changes one by one, so that each has its own blast radius; very many all at once."""
        if self._baseline or len(changes) > _MANY:
            yield changes
        else:
            for change in changes:
                yield [change]
