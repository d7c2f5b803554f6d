"""The contrast of two pictures: the flows that a change opened and shut."""

from collections.abc import Mapping
from typing import NamedTuple

from reachaudit.model.facts import Direction
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.columns import Sets
from reachaudit.reach.cuts import Cuts
from reachaudit.reach.delta import NOTHING, Delta, End, FlowSet, Strip, end
from reachaudit.reach.entries import Entries
from reachaudit.reach.picture import Halves, Key, Picture
from reachaudit.reach.ports import ALL_PORTS, Span, side_by_side
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import AddressSets


class Contrast:
    """Collects what differs between two pictures of a scope."""

    def __init__(self, old: Picture, new: Picture, reach: Reachability, stirred: int) -> None:
        """`reach` is as it was for the new picture. `stirred`: classes whose pods are others."""
        self._old, self._new = old, new
        self._outside = reach.outside
        self._special = old.split | new.split | stirred
        self._plain = ~self._special
        self._stirred = bool(stirred)
        self._cuts = Cuts(reach.rows)
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
            everywhere = (ALL_PORTS,) if self._stirred else None
            for span, old, new in self._cuts.of(one, other, key[1], direction, everywhere):
                if old != new or self._stirred:
                    incoming = direction == "ingress"
                    self._span(key, span, _cut(old, mask), _cut(new, mask), incoming=incoming)

    def _span(self, key: Key, span: Span, old: Sets, new: Sets, *, incoming: bool) -> None:
        before, after = self._names(old, self._old.ends), self._names(new, self._new.ends)
        new_unsure, old_unsure = new.may & ~new.must, old.may & ~old.must
        for strips, others, named in (
            (self.gained, new.must & ~old.may, after.must - before.may),
            (self.lost, old.must & ~new.may, before.must - after.may),
            (self.unsure, new_unsure & ~old_unsure, after.unsure - before.unsure),
        ):
            plain = others & self._plain
            if plain or named:
                strips.append(Strip(str(key[0]), incoming, key[1], span, plain, named))

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
        may = sets.may & self._special
        if not may:
            return _NAMELESS
        must = sets.must & self._special
        surely = frozenset(ends[number] for number in bits.members(must))
        maybe = surely | {ends[number] for number in bits.members(may & ~must)}
        return _Names(surely, maybe, maybe - surely)


def _flows(strips: list[Strip], ends: Mapping[int, End]) -> FlowSet:
    return FlowSet(tuple(strips), ends) if strips else NOTHING


class _Names(NamedTuple):
    must: frozenset[End]
    may: frozenset[End]
    unsure: frozenset[End]


_NAMELESS = _Names(frozenset(), frozenset(), frozenset())


def _cut(sets: Sets, mask: int) -> Sets:
    return sets if mask == -1 else Sets(sets.must & mask, sets.may & mask)
