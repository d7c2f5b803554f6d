"""The flows by which two states differ, pair by pair and port by port.

What is open in part only (PARTIAL) counts as open: who tries gets through. Paths are not compared:
a flow that comes by another door is no other flow.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from operator import and_
from typing import TypeVar

from reachaudit.model.ip import FAMILIES, Block, Family, everything
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.addresses import merge, minus, overlap
from reachaudit.reach.columns import Sets
from reachaudit.reach.listing.alike import parted
from reachaudit.reach.listing.census import Census
from reachaudit.reach.listing.common import common_peers
from reachaudit.reach.listing.peers import by_name
from reachaudit.reach.listing.ranges import NO_CLIENTS, cover
from reachaudit.reach.listing.shifts import Changed, Shift, shifted
from reachaudit.reach.listing.standing import AreaRow, Areas, Row, Standing
from reachaudit.reach.ports import side_by_side
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome

S = TypeVar("S")
Levels = tuple[tuple[Outcome, S], ...]


class Comparison:
    """What changed from one state to another.

    `peers` tells who the numbers in it are; `own` are the cluster's own addresses in either state,
    which no CIDR means.
    """

    def __init__(self, old: Reachability, new: Reachability) -> None:
        before, after = Census(old), Census(new)
        self.peers = common_peers(before, after)
        self._old, self._new = Standing(before, self.peers), Standing(after, self.peers)
        self._workloads = dict(before.workloads).keys() | dict(after.workloads).keys()
        self._nodes = sorted({*before.nodes, *after.nodes})
        self.own = merge([*old.outside.cluster, *new.outside.cluster])

    def changed(self) -> Iterator[Changed]:
        """All that changed, target by target; no pair is in two of them."""
        for target, pieces in self._all():
            for shifts, sources in parted(pieces):
                yield Changed(sources, target, shifted(shifts))

    def _all(self) -> Iterator[tuple[int, list[tuple[Shift, int]]]]:
        visited = self._old.visited() | self._new.visited()
        for ref in sorted(self._workloads | visited, key=by_name):
            yield self.peers.workload(ref), [*self._into(ref), *self._entering(ref)]
        for name in self._nodes:
            rows = ((f, self._old.onto(name, f), self._new.onto(name, f)) for f in FAMILIES)
            yield self.peers.node(name), [piece for row in rows for piece in _of_sets(*row)]
        yield from sorted(self._abroad().items())

    def _into(self, ref: Ref) -> Iterator[tuple[Shift, int]]:
        for family in FAMILIES:
            yield from _of_sets(family, self._old.into(ref, family), self._new.into(ref, family))

    def _entering(self, ref: Ref) -> Iterator[tuple[Shift, int]]:
        for family in FAMILIES:
            old, new = self._old.entering(ref, family), self._new.entering(ref, family)
            for shift, blocks in _of_areas(family, old, new):
                if sources := self._cidrs(blocks, NO_CLIENTS):
                    yield shift, bits.of(sources)

    def _abroad(self) -> dict[int, list[tuple[Shift, int]]]:
        """CIDRs, and the workloads to which something changed about them."""
        found: defaultdict[int, defaultdict[Shift, int]] = defaultdict(lambda: defaultdict(int))
        for ref, family in product(sorted(self._workloads), FAMILIES):
            old, new = self._old.out_of(ref, family), self._new.out_of(ref, family)
            for shift, blocks in _of_areas(family, old, new):
                for cidr in self._cidrs(blocks, ()):
                    found[cidr][shift] |= 1 << self.peers.workload(ref)
        return {cidr: [*pieces.items()] for cidr, pieces in found.items()}

    def _cidrs(self, blocks: Sequence[Block], careless: Sequence[Block]) -> list[int]:
        """Addresses that were outside before and are now, as peers."""
        outside = minus(blocks, self.own)
        return [self.peers.outside(cidr) for cidr in cover(outside, [*self.own, *careless])]


def _of_sets(family: Family, old: Row, new: Row) -> Iterator[tuple[Shift, int]]:
    if old != new:
        for span, before, after in side_by_side(old, new, Sets(0, 0)):
            for one, other, sources in _shifts(_set_levels(before), _set_levels(after), and_):
                yield Shift(family, span, one, other), sources


def _of_areas(family: Family, old: AreaRow, new: AreaRow) -> Iterator[tuple[Shift, list[Block]]]:
    if old != new:
        for span, before, after in side_by_side(old, new, Areas()):
            levels = _area_levels(before, family), _area_levels(after, family)
            for one, other, blocks in _shifts(*levels, overlap):
                yield Shift(family, span, one, other), blocks


def _shifts(
    before: Levels[S], after: Levels[S], both: Callable[[S, S], S]
) -> Iterator[tuple[Outcome, Outcome, S]]:
    for (one, had), (other, has) in product(before, after):
        if one is not other and (found := both(had, has)):
            yield one, other, found


def _set_levels(sets: Sets) -> Levels[int]:
    must, may = sets
    return (Outcome.ALLOW, must), (Outcome.UNKNOWN, may & ~must), (Outcome.DENY, ~may)


def _area_levels(areas: Areas, family: Family) -> Levels[list[Block]]:
    must, may = areas
    shut = minus([everything(family)], may)
    return (Outcome.ALLOW, [*must]), (Outcome.UNKNOWN, minus(may, must)), (Outcome.DENY, shut)
