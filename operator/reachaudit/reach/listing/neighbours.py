"""Who reaches somebody, and whom somebody reaches: the flows at one end, and zone by zone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reachaudit.model.facts import Service
from reachaudit.model.ip import Block
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach import bits
from reachaudit.reach.ends import EndError
from reachaudit.reach.listing.alike import Alike
from reachaudit.reach.listing.asking import Request, listing
from reachaudit.reach.listing.listing import Listing
from reachaudit.reach.listing.peers import Peer, Peers
from reachaudit.reach.listing.ranges import zones_met
from reachaudit.reach.listing.service import Visitors
from reachaudit.reach.ports import Span
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome
from reachaudit.reach.zones import CLIENTS, ZONES, Zone
from reachaudit.settings import Assumptions

Side = Literal["sources", "targets"]
Place = Zone | Literal["nodes"]
_SERVICE = "svc:"
_WORST_FIRST = (Outcome.UNKNOWN, Outcome.PARTIAL, Outcome.ALLOW)


@dataclass(frozen=True)
class Asked:
    """The flows of an end, which is called `name`. `side`: what the others are to it.

    `zones`: the best of what becomes of flows with each, None where there are none; empty where
    the end is a node or outside, since nobody judges flows between these. `own`: the cluster's
    own addresses, which no CIDR means.
    """

    name: str
    side: Side
    peers: Peers
    found: Sequence[Alike]
    zones: dict[Place, Outcome | None]
    own: Sequence[Block]


def asked(
    facts: Facts, assumptions: Assumptions, end: str, side: Side, ports: Span | None = None
) -> Asked:
    """The flows to an end where `side` is "sources", else from it; raises EndError.

    `end`: what `choice` knows, and as a target a Service as `svc:shop/web`. `ports`: on the line;
    of whoever is reached, which is the Service where one is asked for.
    """
    flows: Visitors | Listing
    if end.startswith(_SERVICE) and side == "sources":
        reach = Reachability(facts, assumptions)
        flows, inside = Visitors(reach, _service(end, reach), ports), True
    else:
        source, target = (None, end) if side == "sources" else (end, None)
        flows = listing(facts, assumptions, Request(source=source, target=target, ports=ports))
        inside = _is_inside(flows, side)
    found = list(flows.alike())
    return Asked(end, side, flows.peers, found, _zones(flows, found, side, inside), flows.own)


def _service(end: str, reach: Reachability) -> Ref:
    namespace, slash, name = end.removeprefix(_SERVICE).partition("/")
    if not slash or reach.services.get(namespace, name) is None:
        raise EndError(f"there is no Service {end.removeprefix(_SERVICE)}; write svc:ns/name")
    return Ref(Service.kind, namespace, name)


def _is_inside(flows: Listing, side: Side) -> bool:
    """Whether the end that is asked about is pods alone."""
    end = flows.wanted.targets if side == "sources" else flows.wanted.sources
    kinds = {peer.kind for peer in flows.peers.all if end.inside(peer)}
    return not end.outside and kinds <= {"workload"}


def _zones(
    flows: Visitors | Listing, found: Iterable[Alike], side: Side, inside: bool
) -> dict[Place, Outcome | None]:
    if not inside:
        return {}
    zones: tuple[Zone, ...] = CLIENTS if side == "sources" else ZONES
    best = dict.fromkeys((*zones, *(("nodes",) if flows.nodes else ())), -1)
    for alike in found:
        rank = max(_WORST_FIRST.index(opening.outcome) for opening in alike.openings)
        others = alike.sources if side == "sources" else 1 << alike.target
        for peer in bits.chosen(flows.peers.all, others):
            for place in _in(peer, flows.own):
                if place in best:
                    best[place] = max(best[place], rank)
    return {place: _WORST_FIRST[rank] if rank >= 0 else None for place, rank in best.items()}


def _in(peer: Peer, own: Sequence[Block]) -> list[Place]:
    """The zones that a peer is in, or the nodes; `own`: the cluster's addresses."""
    if peer.kind == "node":
        return ["nodes"]
    if peer.block is None:
        return []
    return [*zones_met([peer.block], own)]
