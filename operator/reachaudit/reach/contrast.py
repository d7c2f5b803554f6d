"""The contrast of two pictures: the flows that a change opened and shut."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from reachaudit.model.facts import Direction
from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.columns import Column, Sets
from reachaudit.reach.delta import NOTHING, Delta, End, FlowSet, Strip, end
from reachaudit.reach.entries import Entries
from reachaudit.reach.flows import joined
from reachaudit.reach.picture import Half, Halves, Key, Picture
from reachaudit.reach.ports import ALL_PORTS, Span, clipped, overlay
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import AddressSets, Row, cut

T = TypeVar("T")


class Contrast:
    """Collects what differs between two pictures of a scope."""

    def __init__(self, old: Picture, new: Picture, reach: Reachability, stirred: int) -> None:
        """`reach` is as it was for the new picture. `stirred`: classes whose pods are others."""
        self._old, self._new = old, new
        self._rows, self._outside = reach.rows, reach.outside
        self._special = old.split | new.split | stirred
        self._stirred = bool(stirred)
        self._columns: dict[tuple[int, Family, Direction], Column] = {}
        self.gained, self.lost, self.unsure = list[Strip](), list[Strip](), list[Strip]()
        self._compare(old.into, new.into, ~(old.sources | new.sources), "ingress")
        self._compare(old.out_of, new.out_of, -1, "egress")
        self._compare_outside()

    def delta(self, cause: Ref | None) -> Delta:
        """All that was found; `cause` is the object that changed, where it is one."""
        old, new = self._old.ends, self._new.ends
        return Delta(
            _flows(self.gained, new), _flows(self.lost, old), _flows(self.unsure, new), cause
        )

    def _compare(self, before: Halves, after: Halves, mask: int, direction: Direction) -> None:
        for key in dict.fromkeys([*before, *after]):
            one, other = before.get(key, []), after.get(key, [])
            if one == other and not self._stirred:
                continue
            within = [ALL_PORTS] if self._stirred else _apart(one, other)
            if not within:
                continue
            before_row = self._row(one, key[1], direction, within)
            after_row = self._row(other, key[1], direction, within)
            for span, old, new in side_by_side(before_row, after_row, Sets(0, 0)):
                if old != new or self._stirred:
                    incoming = direction == "ingress"
                    self._span(key, span, _cut(old, mask), _cut(new, mask), incoming=incoming)

    def _row(
        self, halves: list[Half], family: Family, direction: Direction, within: list[Span]
    ) -> Row:
        other: Direction = "egress" if direction == "ingress" else "ingress"
        rows = []
        for own, allowed, column in halves:
            row = list(clipped(allowed, within))
            rows.append(cut(row, column or self._column(own, family, other)) if row else [])
        return joined(rows, Sets.__or__)

    def _column(self, own: PodClass, family: Family, direction: Direction) -> Column:
        """The same before and after."""
        key = own.number, family, direction
        if key not in self._columns:
            self._columns[key] = self._rows.column(own, family, direction)
        return self._columns[key]

    def _span(self, key: Key, span: Span, old: Sets, new: Sets, *, incoming: bool) -> None:
        workload, family = key
        plain = ~self._special
        new_unsure, old_unsure = new.may & ~new.must, old.may & ~old.must
        before, after = self._names(old, self._old.ends), self._names(new, self._new.ends)
        for strips, others, named in (
            (self.gained, new.must & ~old.may, after.must - before.may),
            (self.lost, old.must & ~new.may, before.must - after.may),
            (
                self.unsure,
                new_unsure & ~old_unsure,
                (after.may - after.must) - (before.may - before.must),
            ),
        ):
            if others & plain or named:
                strip = Strip(str(workload), incoming, family, span, others & plain, named)
                strips.append(strip)

    def enter(self, old: Entries, new: Entries) -> None:
        """Compare what clients outside reach."""
        for strips, changed in (
            (self.gained, new.sure - old.sure - old.perhaps),
            (self.lost, old.sure - new.sure - new.perhaps),
            (self.unsure, new.perhaps - new.sure - old.perhaps),
        ):
            for zone, family, workload, port in changed:
                named = frozenset({str(zone)})
                strips.append(Strip(end(workload), True, family, Span(port, port), 0, named))

    def _compare_outside(self) -> None:
        before, after = self._old.outside, self._new.outside
        for key in dict.fromkeys([*before, *after]):
            one, other = before.get(key, []), after.get(key, [])
            if one != other:
                for span, old, new in side_by_side(one, other, AddressSets(0, 0)):
                    self._outside_span(key, span, old, new)

    def _outside_span(self, key: Key, span: Span, old: AddressSets, new: AddressSets) -> None:
        workload, family = key
        cluster = self._old.cluster
        for strips, changed in (
            (self.gained, new.must & ~old.may),
            (self.lost, old.must & ~new.may),
            (self.unsure, new.may & ~new.must & ~(old.may & ~old.must)),
        ):
            if changed and (zones := self._outside.zones_of(changed, family, cluster)):
                named = frozenset(zones)
                strips.append(Strip(str(workload), False, family, span, 0, named))

    def _names(self, sets: Sets, ends: Mapping[int, End]) -> "_Names":
        """The workloads that must be compared by name, since they may have other classes."""
        must, may = sets.must & self._special, sets.may & self._special
        if not may:
            return _NAMELESS
        surely = frozenset(ends[number] for number in bits.members(must))
        return _Names(surely, surely | {ends[number] for number in bits.members(may & ~must)})


def _flows(strips: list[Strip], ends: Mapping[int, End]) -> FlowSet:
    return FlowSet(tuple(strips), ends) if strips else NOTHING


class _Names(NamedTuple):
    must: frozenset[End]
    may: frozenset[End]


def _apart(before: list[Half], after: list[Half]) -> list[Span]:
    """The ports, as disjoint spans in order, on which what halves are made of differs."""
    if [half.own.number for half in before] != [half.own.number for half in after]:
        return [ALL_PORTS]
    found = set[Span]()
    for one, other in zip(before, after, strict=True):
        if one.column is not None and other.column is not None:
            found |= one.column.apart(other.column)
        same = set(one.allowed).intersection(other.allowed)
        old_row = [piece for piece in one.allowed if piece not in same]
        new_row = [piece for piece in other.allowed if piece not in same]
        pieces = side_by_side(old_row, new_row, Sets(0, 0))
        found |= {span for span, old, new in pieces if old != new}
    return [span for span, _ in overlay(((span, True) for span in found), bool.__or__)]


_NAMELESS = _Names(frozenset(), frozenset())


def _cut(sets: Sets, mask: int) -> Sets:
    return sets if mask == -1 else Sets(sets.must & mask, sets.may & mask)


def side_by_side(
    before: Iterable[tuple[Span, T]], after: Iterable[tuple[Span, T]], nothing: T
) -> Iterator[tuple[Span, T, T]]:
    """Two rows cut at the same ports. Of each there is at most one value on any port."""
    pieces = [(span, (value, nothing)) for span, value in before]
    pieces += [(span, (nothing, value)) for span, value in after]

    def both(one: tuple[T, T], other: tuple[T, T]) -> tuple[T, T]:
        old = one[0] if one[0] != nothing else other[0]
        return old, one[1] if one[1] != nothing else other[1]

    for span, (old, new) in overlay(pieces, both):
        yield span, old, new
