"""Halves: a class's part in a row, from its side alone."""

from typing import NamedTuple

from reachaudit.model.facts import Direction
from reachaudit.model.ip import Family
from reachaudit.reach.classes import PodClass
from reachaudit.reach.columns import Column
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import OPPOSITE, Row


class Half(NamedTuple):
    """What a class's own rules allow, and whose rules allow it.

    `allowed` is one object for all that share a profile; of it only `among` some classes counts.
    `column` None: that is not what changes; it is looked up when it is needed.
    """

    own: PodClass
    allowed: Row
    among: int
    column: Column | None


class Halving:
    """Takes halves of one state, in which it works out each profile's row once."""

    def __init__(self, reach: Reachability) -> None:
        self._rows, self._judge = reach.rows, reach.judge
        self._of_profile: dict[tuple[int, Family], Row] = {}

    def half(self, own: PodClass, family: Family, direction: Direction, *, whole: bool) -> Half:
        """A class's part in a row of one direction; `whole`: with its column of the other."""
        row, alone = self._shared(own, family, direction), own.pods[family] == 1
        if not alone:
            row = self._rows.of_two_pods(own, family, direction, row)
        column = self._rows.column(own, family, OPPOSITE[direction]) if whole else None
        return Half(own, row, ~(1 << own.number) if alone else -1, column)

    def _shared(self, own: PodClass, family: Family, direction: Direction) -> Row:
        profile = self._judge.profiles(direction).of(own.number)
        key = id(profile), family  # they stay as long as this does: nothing changes meanwhile
        if key not in self._of_profile:
            self._of_profile[key] = self._rows.of_profile(profile, family)
        return self._of_profile[key]
