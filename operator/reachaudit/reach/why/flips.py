"""Flips: the fewest changes of one object each that open what is shut, or shut what is open.

Candidates are tried on a copy of the state; only those that flip are told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome
from reachaudit.reach.why.asked import Asked
from reachaudit.reach.why.edits import Edit, rules_added
from reachaudit.reach.why.mending import mends
from reachaudit.reach.why.opening import openings
from reachaudit.reach.why.rerouting import closings, reroutings
from reachaudit.reach.why.shutting import shuttings
from reachaudit.reach.why.trial import Trial

Goal = Literal["open", "shut"]
_REACHED: dict[Goal, frozenset[Outcome]] = {
    "open": frozenset({Outcome.ALLOW}),
    "shut": frozenset({Outcome.DENY, Outcome.NO_PATH}),
}
_WORST = (Outcome.NO_PATH, Outcome.DENY, Outcome.ALLOW)


@dataclass(frozen=True, slots=True)
class Flip:
    """Changes, one of each object, after which the answer is another: `becomes`, open or shut.

    `gained` and `lost`: how many flows between workloads and zones they open and shut in all.
    """

    edits: tuple[Edit, ...]
    becomes: Outcome
    gained: int
    lost: int

    @property
    def for_all(self) -> bool:
        """Whether a rule is added that is for all peers (NP-13)."""
        return _for_all(self.edits)


class Flips:
    """Finds flips of answers of one state."""

    def __init__(self, reach: Reachability) -> None:
        self._reach, self.trial = reach, Trial(reach)

    def of(self, asked: Asked, goal: Goal) -> list[Flip]:
        """All flips of one object that are known of, else those of the fewest objects.

        Those that change least besides come first.
        """
        found: dict[object, Flip] = {}
        for edits in self._candidates(asked, goal):
            what = frozenset((edit.ref, edit.new) for edit in edits)
            more = any(_is_better(flip, edits) for flip in found.values())
            flip = None if more or what in found else self._tried(asked, goal, edits)
            if flip is not None:
                found[what] = flip
        fewest = min((len(flip.edits) for flip in found.values()), default=0)
        kept = [flip for flip in found.values() if len(flip.edits) == fewest]
        return sorted(kept, key=lambda flip: flip.gained + flip.lost)

    def _candidates(self, asked: Asked, goal: Goal) -> Iterator[list[Edit]]:
        ways = asked.ways(self._reach)
        if goal == "shut":
            yield from shuttings(self._reach, asked, ways)
            yield from ([edit] for edit in closings(self._reach, asked))
            return
        yield from openings(self._reach, asked, ways)
        for edit in (*mends(self._reach, asked), *reroutings(self._reach, asked)):
            yield from ([edit, *more] for more in self._openings_after(asked, edit))

    def _openings_after(self, asked: Asked, edit: Edit) -> list[list[Edit]]:
        """What opens it after an edit: nothing more, or policies where only they stand in the way
        then. None where the edit leads nowhere.
        """
        before = {(verdict.outcome, verdict.note) for verdict in asked.verdicts(self.trial.itself)}
        with self.trial.after([edit]) as (mended, _):
            now = {(verdict.outcome, verdict.note) for verdict in asked.verdicts(mended)}
            outcomes = {outcome for outcome, _ in now}
            if outcomes == {Outcome.ALLOW}:
                return [[]]
            if now == before or Outcome.NO_PATH in outcomes:
                return []
            return list(openings(mended, asked, asked.ways(mended)))

    def _tried(self, asked: Asked, goal: Goal, edits: list[Edit]) -> Flip | None:
        """The flip that edits make; None where they make none."""
        if not edits:
            return None
        with self.trial.after(edits) as (state, delta):
            outcomes = asked.outcomes(state)
            if not outcomes <= _REACHED[goal]:
                return None
            becomes = max(outcomes, key=_WORST.index)
            return Flip(tuple(edits), becomes, len(delta.gained), len(delta.lost))


def _is_better(flip: Flip, edits: list[Edit]) -> bool:
    """Whether a flip changes fewer objects, or names the peers whom a rule of edits does not."""
    if len(flip.edits) < len(edits):
        return True
    return _for_all(edits) and bool(rules_added(flip.edits)) and not flip.for_all


def _for_all(edits: Iterable[Edit]) -> bool:
    return any(rule.peers is None for rule in rules_added(edits))


def goals(outcome: Outcome) -> tuple[Goal, ...]:
    """What a verdict may be flipped to: what is neither open nor shut, to both."""
    if outcome is Outcome.ALLOW:
        return ("shut",)
    return ("open",) if outcome in (Outcome.DENY, Outcome.NO_PATH) else ("open", "shut")
