"""Who comes in from outside, by the ways that there are: addresses of clients, and their fate."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.model.facts import Ingress
from reachaudit.model.ip import FAMILIES, Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.addresses import minus
from reachaudit.reach.facing import Facing, Zones
from reachaudit.reach.ingresses import Route, web_port
from reachaudit.reach.listing.abroad import addresses
from reachaudit.reach.listing.alike import Hop, Path
from reachaudit.reach.listing.census import Census
from reachaudit.reach.listing.peers import workload_text
from reachaudit.reach.ports import Span, overlay
from reachaudit.reach.rows import AddressSets
from reachaudit.reach.verdict import Outcome, PathVerdict, Reason
from reachaudit.reach.way_in import WayIn
from reachaudit.reach.ways_in import WaysIn
from reachaudit.reach.zones import Zone, in_zone

_BEST_FIRST = (Outcome.ALLOW, Outcome.PARTIAL, Outcome.UNKNOWN)


class Arrival(NamedTuple):
    """Connections to a workload on some ports by one path; None where its pods are dialled."""

    workload: Ref
    family: Family
    span: Span
    path: Path | None


class Fate(NamedTuple):
    """What becomes of them, and why it is not known."""

    outcome: Outcome
    reason: Reason | None = None


class Arrivals:
    """All that comes in from outside in one state.

    `clients`: the addresses that meet each fate; they may hold addresses of the cluster's own.
    `by_controller`: what an ingress controller that is not known may send on.
    """

    def __init__(self, census: Census) -> None:
        self._census, self._reach = census, census.reach
        self._known: dict[tuple[Zone, Family], dict[int, list[Block]]] = {}
        self.by_controller: set[Arrival] = set()
        self.clients: defaultdict[Arrival, defaultdict[Fate, list[Block]]]
        self.clients = defaultdict(lambda: defaultdict(list))
        for way in self._ways():
            self._add(way)
        facing = Facing(census.reach.identity, census.reach.assumptions)
        if facing.pods:
            self._add_routed(facing.pods)

    def fates(self) -> Iterator[tuple[Arrival, Fate, list[Block]]]:
        """The clients of each fate, who meet no better one by the same path."""
        for arrival, found in self.clients.items():
            taken: list[Block] = []
            for fate in sorted(found, key=lambda fate: _BEST_FIRST.index(fate.outcome)):
                yield arrival, fate, minus(found[fate], taken)
                taken += found[fate]

    def _ways(self) -> Iterator[WayIn]:
        """All ways by which pods are not dialled themselves."""
        reach = self._reach
        ways = WaysIn(reach.identity, reach.paths, reach.ingresses)
        for service in reach.services.all:
            yield from ways.by_service(service)
        for ingress in reach.facts.of(Ingress):
            yield from ways.by_ingress(ingress)
        for pod in reach.identity.pods:
            yield from ways.by_host_ports(pod)

    def _add(self, way: WayIn) -> None:
        route = way.route
        arrival = Arrival(way.workload.ref, way.family, Span(way.port, way.port), self._path(way))
        if route and self._is_unknown(route):
            if route.service and way.family in route.service.families:
                self.by_controller.add(arrival)
            return
        known: dict[Fate, PathVerdict] = {}
        for client, verdict in way.entry.each:
            before = Fate(verdict.outcome, verdict.reason)
            if before not in known:
                known[before] = way.onward(verdict)
            fate = Fate(known[before].outcome, known[before].reason)
            if fate.outcome in _BEST_FIRST:
                signature = self._reach.identity.signatures.of(client.address)
                found = self._addresses(way.zone, way.family)[signature]
                self._add_clients(arrival, fate, found)

    def _addresses(self, zone: Zone, family: Family) -> dict[int, list[Block]]:
        """The addresses of a zone's clients, by signature."""
        key = zone, family
        if key not in self._known:
            signatures = self._reach.identity.signatures.of_family[family]
            self._known[key] = {
                signature: in_zone(zone, addresses(self._reach, 1 << signature))
                for signature in bits.members(signatures)
            }
        return self._known[key]

    def _is_unknown(self, route: Route) -> bool:
        serving = self._reach.ingresses.serving(route.ingress)
        return not (serving.pods or serving.cloud or serving.unserved)

    def _path(self, way: WayIn) -> Path:
        if way.route is None:
            by = str(way.by) if way.by.kind == "Service" else workload_text(way.workload.ref)
            return (Hop(by, way.way),)
        last = Hop(str(way.route.ingress.ref), way.route.label)
        return (*self._before(way.route), last)

    def _before(self, route: Route) -> Iterator[Hop]:
        """Who serves an Ingress, and the port that clients come to there."""
        serving, port = self._reach.ingresses.serving(route.ingress), f"{web_port(route)}/TCP"
        if serving.cloud:
            named = (str(b.address or b.hostname) for b in route.ingress.balancers)
            yield Hop(" ".join(["load balancer", ", ".join(named)]).rstrip(), port)
        refs = {self._reach.identity.workloads[pod.ref].ref for pod in serving.pods}
        if refs:
            yield Hop(", ".join(map(workload_text, sorted(refs))), port)

    def _add_routed(self, zones: Zones) -> None:
        """EXT-12: clients outside dial pods, whose ingress alone decides."""
        for workload, own in self._census.workloads:
            for family in FAMILIES:
                placed = [each.number for each in own if each.pods[family]]
                profiles = [self._reach.judge.ingress.of(number) for number in placed]
                unsure = Fate(Outcome.UNKNOWN, self._census.doubt(profiles))
                pieces = (
                    (cell.span, AddressSets(*(peers.signatures for peers in cell.planes)))
                    for profile in profiles
                    for cell in profile.row
                )
                for span, (must, may) in overlay(pieces, AddressSets.__or__):
                    arrival = Arrival(workload, family, span, None)
                    clients = self._with(must, zones, family)
                    self._add_clients(arrival, Fate(Outcome.ALLOW), clients)
                    self._add_clients(arrival, unsure, self._with(may & ~must, zones, family))

    def _add_clients(self, arrival: Arrival, fate: Fate, blocks: list[Block]) -> None:
        if blocks:
            self.clients[arrival][fate] += blocks

    def _with(self, signatures: int, zones: Zones, family: Family) -> list[Block]:
        """The clients in some zones that have some signatures."""
        own = signatures & self._reach.identity.signatures.of_family[family]
        known = [self._addresses(zone, family) for zone in zones]
        return [block for each in known for s in bits.members(own) for block in each[s]]
