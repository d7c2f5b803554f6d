"""How things stand in one state, in a form that compares with another's.

Sets of sources are of common peers, and sets of addresses are blocks: signatures have other numbers
in another state.
"""

from collections import defaultdict
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from reachaudit.model.ip import FAMILIES, Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach.addresses import merge, minus
from reachaudit.reach.columns import Sets
from reachaudit.reach.listing.abroad import addresses, outlook
from reachaudit.reach.listing.alike import Piece
from reachaudit.reach.listing.among import Among
from reachaudit.reach.listing.arrivals import Arrivals
from reachaudit.reach.listing.census import Census
from reachaudit.reach.listing.common import translation
from reachaudit.reach.listing.hosts import Hosts
from reachaudit.reach.listing.peers import Peers
from reachaudit.reach.ports import Span, overlay
from reachaudit.reach.verdict import Outcome


class Areas(NamedTuple):
    """Addresses of which something surely holds, and of which it may hold."""

    must: tuple[Block, ...] = ()
    may: tuple[Block, ...] = ()

    def __or__(self, other: "Areas") -> "Areas":
        """The union, plane by plane."""
        if self == other:
            return self
        must, may = merge([*self.must, *other.must]), merge([*self.may, *other.may])
        return Areas(tuple(must), tuple(may))


Row = list[tuple[Span, Sets]]
AreaRow = list[tuple[Span, Areas]]


class Standing:
    """One state, seen by the numbers of common peers."""

    def __init__(self, census: Census, common: Peers) -> None:
        self._census = census
        self._translate = translation(census.peers, common)
        self._own = dict(census.workloads)
        self._among = {family: Among(census, family) for family in FAMILIES}
        self._hosts = {family: Hosts(census, family) for family in FAMILIES}
        self._known: dict[int, tuple[Block, ...]] = {}

    def into(self, workload: Ref, family: Family) -> Row:
        """Who inside the cluster reaches a workload."""
        own = self._own.get(workload, [])
        pieces = [*self._among[family].into(own), *self._hosts[family].into(own)]
        unknown = self._translate(1 << self._census.peers.controller)
        spans = self._by_controller.get((workload, family), ())
        sent_on = ((span, Sets(0, unknown)) for span in spans)
        return overlay(chain(map(self._sets, pieces), sent_on), Sets.__or__)

    def onto(self, node: str, family: Family) -> Row:
        """Who reaches a node."""
        return overlay(map(self._sets, self._hosts[family].reached(node)), Sets.__or__)

    def out_of(self, workload: Ref, family: Family) -> AreaRow:
        """What a workload reaches outside."""
        row = outlook(self._census, self._own.get(workload, []), family).row
        return [(span, Areas(self._area(must), self._area(may))) for span, (must, may) in row]

    def entering(self, workload: Ref, family: Family) -> AreaRow:
        """Who comes to a workload from outside, by whatever way."""
        return overlay(self._entering.get((workload, family), ()), Areas.__or__)

    def visited(self) -> set[Ref]:
        """The workloads that clients outside may come to; some are on their nodes' networks."""
        return {workload for workload, _ in (*self._entering, *self._by_controller)}

    @cached_property
    def _entering(self) -> dict[tuple[Ref, Family], AreaRow]:
        found: defaultdict[tuple[Ref, Family], AreaRow] = defaultdict(list)
        own = self._census.reach.outside.cluster
        for arrival, fate, blocks in self._arrivals.fates():
            clients = tuple(minus(blocks, own))
            sure = () if fate.outcome is Outcome.UNKNOWN else clients
            if clients:
                key = arrival.workload, arrival.family
                found[key].append((arrival.span, Areas(sure, clients)))
        return dict(found)

    @cached_property
    def _by_controller(self) -> dict[tuple[Ref, Family], list[Span]]:
        found: defaultdict[tuple[Ref, Family], list[Span]] = defaultdict(list)
        for arrival in self._arrivals.by_controller:
            found[arrival.workload, arrival.family].append(arrival.span)
        return dict(found)

    @cached_property
    def _arrivals(self) -> Arrivals:
        return Arrivals(self._census)

    def _sets(self, piece: Piece) -> tuple[Span, Sets]:
        label, own = piece
        sources = self._translate(own)
        return label.span, Sets(sources if label.outcome is Outcome.ALLOW else 0, sources)

    def _area(self, signatures: int) -> tuple[Block, ...]:
        if signatures not in self._known:
            self._known[signatures] = tuple(addresses(self._census.reach, signatures))
        return self._known[signatures]
