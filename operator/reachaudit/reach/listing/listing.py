"""The list of all flows of one state: who reaches whom, target by target.

Listed are flows among pods on the pod network, as `Flows` has them; what these reach outside; who
comes in from outside, with the path; and nodes. A flow between workloads is there where some pod of
the one may connect to some pod of the other. Pods on their node's network are their node. What
nodes and the outside do among each other no policy judges, and it is not listed (NP-61).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain

from reachaudit.model.ip import FAMILIES, Block
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.addresses import minus, overlap
from reachaudit.reach.classes import PodClass
from reachaudit.reach.listing.abroad import reached_abroad
from reachaudit.reach.listing.alike import Alike, Label, Piece, openings, parted
from reachaudit.reach.listing.among import Among
from reachaudit.reach.listing.arrivals import Arrivals, Fate
from reachaudit.reach.listing.census import Census
from reachaudit.reach.listing.hosts import Hosts
from reachaudit.reach.listing.peers import Peer, by_name
from reachaudit.reach.listing.ranges import NO_CLIENTS, cover
from reachaudit.reach.listing.wanted import EVERYTHING, Wanted
from reachaudit.reach.ports import Span
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome, Reason


class Listing:
    """The wanted flows of one state. `peers` tells who the numbers in them are; `nodes` are those
    that are known, and `own` the cluster's own addresses, which no CIDR means.
    """

    def __init__(self, reach: Reachability, wanted: Wanted = EVERYTHING) -> None:
        self._reach, self.wanted = reach, wanted
        self._census = Census(reach)
        self.peers, self.nodes = self._census.peers, self._census.nodes
        self.own = reach.outside.cluster
        self._inside = len(self.peers)
        self._among = [Among(self._census, family) for family in FAMILIES]
        self._hosts = [Hosts(self._census, family) for family in FAMILIES]

    def alike(self) -> Iterator[Alike]:
        """All wanted flows, target by target; no pair is in two of them."""
        senders = self._senders()
        for target, pieces in self._all():
            kept = self._kept(self.peers[target], senders, pieces)
            for labels, sources in parted(kept):
                yield Alike(sources, target, openings(labels))

    def _all(self) -> Iterator[tuple[int, Iterable[Piece]]]:
        """Targets with what is said of their sources: workloads, nodes, CIDRs outside."""
        wanted = self.wanted.targets
        own = dict(self._census.workloads)
        for ref in sorted({*own, *self._arrivals}, key=by_name):
            number = self.peers.workload(ref)
            if wanted.inside(self.peers[number]):
                yield number, chain(self._into(own.get(ref, [])), self._arrivals.get(ref, ()))
        for name in self._census.nodes:
            number = self.peers.node(name)
            if wanted.inside(self.peers[number]):
                yield number, [piece for hosts in self._hosts for piece in hosts.reached(name)]
        if wanted.outside:
            for cidr, pieces in sorted(reached_abroad(self._census, wanted.blocks).items()):
                yield self.peers.outside(cidr), pieces

    def _into(self, own: Sequence[PodClass]) -> Iterator[Piece]:
        """Who inside the cluster reaches a workload, by its classes."""
        for among, hosts in zip(self._among, self._hosts, strict=True):
            yield from among.into(own)
            yield from hosts.into(own)

    @cached_property
    def _arrivals(self) -> dict[Ref, list[Piece]]:
        """Who comes to workloads from outside, and from a controller that is not known."""
        found: dict[Ref, list[Piece]] = {}
        arrivals, own = Arrivals(self._census), self._reach.outside.cluster
        for arrival, fate, blocks in arrivals.fates():
            label = Label(arrival.family, arrival.span, *fate, arrival.path)
            if sources := self._clients(minus(blocks, own)):
                found.setdefault(arrival.workload, []).append((label, sources))
        for arrival in sorted(arrivals.by_controller):
            unsure = Fate(Outcome.UNKNOWN, Reason.CONTROLLER)
            label = Label(arrival.family, arrival.span, *unsure, arrival.path)
            found.setdefault(arrival.workload, []).append((label, 1 << self.peers.controller))
        return found

    def _clients(self, blocks: list[Block]) -> int:
        """CIDRs as peers: with addresses that are no clients, where that makes fewer of them."""
        within = self.wanted.sources.blocks
        wanted = blocks if within is None else overlap(blocks, within)
        careless = self._reach.outside.cluster + NO_CLIENTS
        return bits.of(map(self.peers.outside, cover(wanted, careless)))

    def _senders(self) -> int:
        """The wanted sources; CIDRs, which get numbers as they are met, are cut to them before."""
        inside = self.peers.those(self.wanted.sources.inside)
        return inside | -1 << self._inside if self.wanted.sources.outside else inside

    def _kept(self, target: Peer, senders: int, pieces: Iterable[Piece]) -> list[Piece]:
        """Pieces cut to the wanted sources and ports."""
        wanted = self.wanted
        if wanted.namespace and target.namespace != wanted.namespace:
            senders &= self.peers.those(lambda peer: peer.namespace == wanted.namespace)
        kept = [(label, both) for label, sources in pieces if (both := sources & senders)]
        if wanted.ports is None:
            return kept
        cut = ((_cut(label, wanted.ports), sources) for label, sources in kept)
        return [(label, sources) for label, sources in cut if label]


def _cut(label: Label, ports: Span) -> Label | None:
    first, last = max(label.span.first, ports.first), min(label.span.last, ports.last)
    return label._replace(span=Span(first, last)) if first <= last else None
