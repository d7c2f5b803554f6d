"""Trials: what edits would make of a state, on a copy of it that is put back each time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from reachaudit.model.store import Change
from reachaudit.reach.delta import Delta
from reachaudit.reach.engine import Engine
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.why.edits import Edit


class Trial:
    """A copy of a state, to be changed and asked."""

    def __init__(self, reach: Reachability) -> None:
        self._engine = Engine(reach.assumptions)
        self._engine.apply([Change(fact.ref, None, fact, 0.0) for fact in reach.facts])

    @property
    def itself(self) -> Reachability:
        """The state as it is. It asks one stranger for all who fare alike."""
        return self._engine.reach

    @contextmanager
    def after(self, edits: Iterable[Edit]) -> Iterator[tuple[Reachability, Delta]]:
        """The state that some edits make, and the flows that they open and shut."""
        changes = [change for edit in edits for change in edit.changes]
        delta = self._engine.apply(changes)
        try:
            yield self._engine.reach, delta
        finally:
            self._engine.apply([Change(c.ref, c.new, c.old, 0.0) for c in changes])
