"""Cuts: the rows of a workload before and after a change, cut at the same ports."""

from collections.abc import Iterator

from reachaudit.model.facts import Direction
from reachaudit.model.ip import Family
from reachaudit.reach.classes import PodClass
from reachaudit.reach.columns import NO_CLASSES, Column, Sets
from reachaudit.reach.flows import joined
from reachaudit.reach.halves import Half
from reachaudit.reach.ports import ALL_PORTS, Span, clipped, overlay, side_by_side
from reachaudit.reach.rows import OPPOSITE, Row, Rows, among, cut

Spans = tuple[Span, ...]


class Cuts:
    """Cuts the halves of two pictures. What classes share is worked out once, by its identity: the
    pictures must stay as long as this does.
    """

    def __init__(self, rows: Rows) -> None:
        """`rows` are those of the later picture."""
        self._rows = rows
        self._columns: dict[tuple[int, Family, Direction], Column] = {}
        self._differing: dict[tuple[int, int], set[Span]] = {}
        self._pairs: dict[tuple[int, int, Spans], list[tuple[Span, Sets, Sets]]] = {}
        self._parts: dict[tuple[int, Spans], Row] = {}

    def of(
        self,
        before: list[Half],
        after: list[Half],
        family: Family,
        direction: Direction,
        within: Spans | None = None,
    ) -> Iterator[tuple[Span, Sets, Sets]]:
        """A workload's rows before and after; on some ports, or where they may differ."""
        within = self._apart(before, after) if within is None else within
        if _same_column(before, after):
            return self._cut_at_once(before[0], after[0], family, direction, within)
        old_row = self._row(before, family, direction, within)
        return side_by_side(old_row, self._row(after, family, direction, within), NO_CLASSES)

    def _cut_at_once(
        self, before: Half, after: Half, family: Family, direction: Direction, within: Spans
    ) -> Iterator[tuple[Span, Sets, Sets]]:
        """The rows of one class whose column is the same: most often all that there is."""
        key = id(before.allowed), id(after.allowed), within
        pairs = self._pairs.get(key)
        if pairs is None:
            old_row, new_row = (self._within(half.allowed, within) for half in (before, after))
            pairs = self._pairs[key] = list(side_by_side(old_row, new_row, NO_CLASSES))
        if not pairs:
            return
        column = self._column(before.own, family, OPPOSITE[direction])
        for span, old, new in pairs:
            for part, (must, may) in column.on(span, old | new):
                surely, maybe = must & before.among, may & before.among
                yield (
                    part,
                    Sets(old.must & surely, old.may & maybe),
                    Sets(new.must & surely, new.may & maybe),
                )

    def _row(self, halves: list[Half], family: Family, direction: Direction, within: Spans) -> Row:
        rows = []
        for own, allowed, classes, column in halves:
            row = among(self._within(allowed, within), classes)
            rows.append(cut(row, column or self._column(own, family, OPPOSITE[direction])))
        return joined(rows, Sets.__or__)

    def _within(self, row: Row, spans: Spans) -> Row:
        """What of a row lies within some spans, worked out once for all who share it."""
        key = id(row), spans
        if key not in self._parts:
            self._parts[key] = list(clipped(row, spans))
        return self._parts[key]

    def _apart(self, before: list[Half], after: list[Half]) -> Spans:
        """The ports, as disjoint spans in order, on which what halves are made of differs."""
        if [half.own.number for half in before] != [half.own.number for half in after]:
            return (ALL_PORTS,)
        found = set[Span]()
        for one, other in zip(before, after, strict=True):
            if one.among != other.among:
                return (ALL_PORTS,)
            if one.column is not None and other.column is not None:
                found |= one.column.apart(other.column)
            found |= self._apart_rows(one.allowed, other.allowed)
        return tuple(span for span, _ in overlay(((span, True) for span in found), bool.__or__))

    def _apart_rows(self, before: Row, after: Row) -> set[Span]:
        """The ports on which two rows differ, worked out once for all who share them."""
        key = id(before), id(after)
        found = self._differing.get(key)
        if found is None:
            same = set(before).intersection(after)
            old_row = [piece for piece in before if piece not in same]
            new_row = [piece for piece in after if piece not in same]
            pieces = side_by_side(old_row, new_row, NO_CLASSES)
            found = self._differing[key] = {span for span, old, new in pieces if old != new}
        return found

    def _column(self, own: PodClass, family: Family, direction: Direction) -> Column:
        """The same before and after."""
        key = own.number, family, direction
        if key not in self._columns:
            self._columns[key] = self._rows.column(own, family, direction)
        return self._columns[key]


def _same_column(before: list[Half], after: list[Half]) -> bool:
    """Whether it is one class, before and after, whose own rules alone changed."""
    if len(before) != 1 or len(after) != 1:
        return False
    (own, _, among, column), (same, _, still, _) = before[0], after[0]
    return own is same and among == still and column is None
