"""Pictures: the rows that a change may change, before it and after, and what tells them apart."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from reachaudit.model.ip import FAMILIES, Family
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.columns import Sets
from reachaudit.reach.delta import Delta, End, FlowSet, Strip, end
from reachaudit.reach.flows import Entries, into, out_of, outside
from reachaudit.reach.outside import Outside
from reachaudit.reach.ports import Span, overlay
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import AddressSets, OutRow, Row
from reachaudit.reach.workloads import Workload

T = TypeVar("T")
Key = tuple[Workload, Family]


@dataclass(frozen=True)
class Scope:
    """Workloads to or from which flows may change. `targets` None is all of them."""

    targets: frozenset[Workload] | None = frozenset()
    sources: frozenset[Workload] = frozenset()


@dataclass(frozen=True)
class Picture:
    """The rows of a scope at one moment.

    `ends` names classes by their bits; `split` are those whose workload has several; `targets` are
    those of the scope's targets, which no row of its sources looks at.
    """

    into: Mapping[Key, Row]
    out_of: Mapping[Key, Row]
    outside: Mapping[Key, OutRow]
    outer: Outside
    ends: Mapping[int, End]
    split: int
    targets: int


def take_picture(reach: Reachability, scope: Scope) -> Picture:
    """The rows of a scope now."""
    classes = reach.identity.classes
    targets = classes.of_workload.keys() if scope.targets is None else scope.targets

    def each(workloads: Iterable[Workload]) -> Iterator[tuple[Key, list[PodClass]]]:
        for workload in workloads:
            numbers = sorted(classes.of_workload.get(workload, ()))
            for family in FAMILIES if numbers else ():
                yield (workload, family), [classes.by_number[number] for number in numbers]

    others = scope.sources if scope.targets is not None else ()
    return Picture(
        {key: into(reach, own, key[1]) for key, own in each(targets)},
        {key: out_of(reach, own, key[1]) for key, own in each(others)},
        {key: outside(reach, own, key[1]) for key, own in each(scope.sources)},
        reach.outside,
        classes.ends,
        classes.split,
        bits.of(number for workload in targets for number in classes.of_workload.get(workload, ())),
    )


class Comparison:
    """Collects what differs between two pictures."""

    def __init__(self, old: Picture, new: Picture, stirred: int) -> None:
        """`stirred`: classes that came, went or were renamed between them."""
        self._old, self._new = old, new
        self._special = old.split | new.split | stirred
        self._renamed = bool(stirred)
        self.gained, self.lost, self.unsure = list[Strip](), list[Strip](), list[Strip]()
        self._compare(old.into, new.into, -1, incoming=True)
        self._compare(old.out_of, new.out_of, ~(old.targets | new.targets), incoming=False)
        self._compare_outside()

    def delta(self) -> Delta:
        """All that was found."""
        old, new = self._old.ends, self._new.ends
        return Delta(
            FlowSet(tuple(self.gained), new),
            FlowSet(tuple(self.lost), old),
            FlowSet(tuple(self.unsure), new),
        )

    def _compare(
        self, before: Mapping[Key, Row], after: Mapping[Key, Row], mask: int, *, incoming: bool
    ) -> None:
        for key in dict.fromkeys([*before, *after]):
            one, other = before.get(key, []), after.get(key, [])
            if one == other and not self._renamed:
                continue
            for span, old, new in side_by_side(one, other, Sets(0, 0)):
                if old != new or self._renamed:
                    self._span(key, span, _cut(old, mask), _cut(new, mask), incoming=incoming)

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
        cluster = self._old.outer.cluster
        for strips, changed in (
            (self.gained, new.must & ~old.may),
            (self.lost, old.must & ~new.may),
            (self.unsure, new.may & ~new.must & ~(old.may & ~old.must)),
        ):
            if changed and (zones := self._new.outer.zones_of(changed, family, cluster)):
                named = frozenset(zones)
                strips.append(Strip(str(workload), False, family, span, 0, named))

    def _names(self, sets: Sets, ends: Mapping[int, End]) -> "_Names":
        """The workloads that must be compared by name, since they may have other classes."""
        must, may = sets.must & self._special, sets.may & self._special
        surely = frozenset(ends[number] for number in bits.members(must))
        return _Names(surely, surely | {ends[number] for number in bits.members(may & ~must)})


class _Names(NamedTuple):
    must: frozenset[End]
    may: frozenset[End]


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
