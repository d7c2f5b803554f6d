"""Ways in: where clients outside may come to workloads, and what becomes of each client there."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import product
from typing import NamedTuple

from reachaudit.model.facts import ContainerPort, Ingress, Pod, Service
from reachaudit.model.ip import FAMILIES, Address, Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach.controllers import Serving
from reachaudit.reach.derived import Table
from reachaudit.reach.facing import BOTH, Facing, Zones
from reachaudit.reach.identity import Identity
from reachaudit.reach.ingresses import Ingresses, Route, web_port
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import position
from reachaudit.reach.profiles import Cell
from reachaudit.reach.services import Backend, Frontend, Only, anything, frontends, usable
from reachaudit.reach.telling import Telling
from reachaudit.reach.verdict import (
    PASSES,
    Outcome,
    PathVerdict,
    Reason,
    client_chooses,
    no_path,
)
from reachaudit.reach.workloads import Workload
from reachaudit.reach.zones import Zone

PASSING = (Outcome.ALLOW, Outcome.PARTIAL)


class Entry:
    """The clients of a zone before one entry; they are judged once, and only if asked for."""

    def __init__(
        self,
        clients: Sequence[Party],
        judge: Callable[[Party], PathVerdict],
        telling: Telling,
        best: Callable[[], PathVerdict] | None = None,
    ) -> None:
        """`clients`: one for each signature. `best`: where that is known already."""
        self.clients, self.judge, self._telling, self._best = clients, judge, telling, best

    @cached_property
    def each(self) -> list[tuple[Party, PathVerdict]]:
        """What becomes of each client."""
        return [
            (client, path)
            for clients, path in self._telling.parties(self.clients, self.judge)
            for client in clients
        ]

    @cached_property
    def best(self) -> PathVerdict:
        """What becomes of the client that fares best."""
        if self._best is not None:
            return self._best()
        return client_chooses(path for _, path in self._telling.parties(self.clients, self.judge))


def _through(
    route: Route, to_backend: Callable[[], PathVerdict], entrance: PathVerdict
) -> PathVerdict:
    return Ingresses.through(entrance, route, to_backend())


def _if(sure: bool, path: PathVerdict) -> PathVerdict:
    """A way by nodes; UNKNOWN where it is not sure that they can be dialled."""
    if sure or path.outcome not in PASSING:
        return path
    note = "the addresses of nodes are not known"
    return replace(path, outcome=Outcome.UNKNOWN, reason=Reason.NODE_ADDRESS, note=note)


def _no_further(path: PathVerdict) -> PathVerdict:
    return path


@dataclass(frozen=True, slots=True)
class WayIn:
    """One way by which clients of a zone may come to a workload.

    `by` is the object that opens the way; `way` says where it listens: `NodePort 30080/TCP`,
    `Ingress shop.example.com/`. `port` is the pods' own, on the line. `onward` makes the verdict of
    the entry that of the whole way, where who serves a `route` connects to the workload anew.
    """

    zone: Zone
    family: Family
    workload: Workload
    by: Ref
    way: str
    port: int
    entry: Entry
    onward: Callable[[PathVerdict], PathVerdict] = _no_further
    route: Route | None = None


def _runs(row: Iterable[Cell]) -> Iterator[int]:
    """The first ports of the runs of a row that addresses outside can tell apart."""
    end, before = -2, (0, 0)
    for span, (must, may) in ((cell.span, cell.planes) for cell in row):
        seen = must.signatures, may.signatures
        if span.first != end + 1 or seen != before:
            yield max(span.first, 1)
        end, before = span.last, seen


class Door(NamedTuple):
    """All that tells how clients of a zone come in to a controller."""

    pods: tuple[Ref, ...]
    nginx: bool
    number: int
    zone: Zone
    family: Family
    ranges: tuple[Block, ...] | None


class WaysIn:
    """Finds all ways in, open or not."""

    def __init__(self, identity: Identity, paths: Paths, ingresses: Ingresses) -> None:
        self._identity, self._paths, self._ingresses = identity, paths, ingresses
        self._facing = Facing(identity, paths.assumptions)
        self._entrances: Table[Door, PathVerdict] = Table(identity.graph, self._enter)

    def may_open(self, pod: Pod) -> bool:
        """Whether a pod may open ways in by itself."""
        hosted = not pod.host_network and any(port.host_port for port in pod.ports)
        return hosted or bool(self._facing.pods)

    def by_service(self, service: Service) -> Iterator[WayIn]:
        """By node ports, load balancers and external addresses, and by ClusterIPs where routed."""
        for frontend in frontends(service):
            zones = self._facing.frontend(frontend)
            if zones:
                yield from self._by_frontend(frontend, zones)

    def by_host_ports(self, pod: Pod) -> Iterator[WayIn]:
        """SVC-40: open on the pod's own node."""
        for port in pod.ports if not pod.host_network else ():
            for address in pod.addresses if port.host_port else ():
                for zone in self._facing.host_port(pod, port, address.family):
                    yield self._by_host_port(pod, port, zone, address.family)

    def by_ingress(self, ingress: Ingress) -> Iterator[WayIn]:
        """By all routes whose backend is a Service port."""
        for route in self._ingresses.routes_of(ingress):
            if route.service is None or route.port is None:
                continue
            for family in FAMILIES:
                entries = {zone: self._entry_to(route, zone, family) for zone in BOTH}
                yield from self._by_route(
                    route,
                    family,
                    {z: e for z, e in entries.items() if e.best.outcome is not Outcome.NO_PATH},
                )

    def by_pod_addresses(self, pod: Pod) -> Iterator[WayIn]:
        """EXT-12: clients outside dial pods, where these are routed. Each run of ports once."""
        number = self._identity.number(pod) if self._facing.pods else None
        if number is not None:
            ports = list(_runs(self._paths.judge.ingress.of(number).row))
            for address, port, zone in product(pod.addresses, ports, self._facing.pods):
                yield self._by_pod_address(pod, address, port, zone)

    def _before(self, zone: Zone, family: Family, judge: Callable[[Party], PathVerdict]) -> Entry:
        return Entry(self._paths.outside.zone(zone, family), judge, self._identity.telling)

    def _by_frontend(self, frontend: Frontend, zones: Zones) -> Iterator[WayIn]:
        """Workload by workload and port by port, since their policies may differ."""
        service, port, family = frontend.service, frontend.port, frontend.family
        backends = self._paths.services.backends(service, port, family)
        for (workload, number), only in self._ends(backends).items():
            at = position(port.protocol, number)
            for zone in zones:
                entry = self._before(zone, family, partial(self._dial, frontend, only, zone))
                yield WayIn(zone, family, workload, service.ref, str(frontend), at, entry)

    def _by_some_node(self, zone: Zone, family: Family, path: PathVerdict) -> PathVerdict:
        """A way by whichever node a zone can dial; maybe it can dial none."""
        nodes = self._identity.nodes.values()
        return _if(any(self._facing.surely(zone, family, [node]) for node in nodes), path)

    def _dial(self, frontend: Frontend, only: Only, zone: Zone, client: Party) -> PathVerdict:
        if frontend.kind == "NodePort":
            path = self._paths.to_any_node(client, frontend, only)
            return self._by_some_node(zone, frontend.family, path)
        return self._paths.to_frontend(client, frontend, only=only)

    def _ends(self, backends: list[Backend]) -> dict[tuple[Workload, int], Only]:
        """Usable endpoints by workload and port: a name may be another number on each pod."""
        alike: dict[tuple[Hashable, int], list[Backend]] = {}
        for backend in usable(backends):
            if (pod := backend.party.pod) is not None:
                number = backend.party.number
                which = pod.ref if number is None else number
                alike.setdefault((which, backend.port), []).append(backend)
        found: dict[tuple[Workload, int], list[Backend]] = {}
        for (_, port), own in alike.items():
            assert own[0].party.pod is not None
            found.setdefault((self._identity.workload(own[0].party.pod), port), []).extend(own)
        return {
            end: anything if len(own) == len(backends) else frozenset(own).__contains__
            for end, own in found.items()
        }

    def _by_host_port(self, pod: Pod, port: ContainerPort, zone: Zone, family: Family) -> WayIn:
        nodes = self._identity.nodes_named(pod.node)
        bound = port.host_address is not None and port.host_address.value
        sure = bool(bound) or self._facing.surely(zone, family, nodes)
        entry = self._before(
            zone,
            family,
            lambda client: _if(sure, self._paths.to_host_port(client, pod, port, family)),
        )
        way = f"hostPort {port.host_port}/{port.protocol}"
        at = position(port.protocol, port.number)
        return WayIn(zone, family, self._identity.workloads[pod.ref], pod.ref, way, at, entry)

    def _by_route(
        self, route: Route, family: Family, entries: Mapping[Zone, Entry]
    ) -> Iterator[WayIn]:
        """Workload by workload and port by port, whatever family the controller dials it in."""
        assert route.service is not None
        assert route.port is not None
        ref, way = route.ingress.ref, f"Ingress {route.label}"
        backends = [
            backend
            for each in (route.service.families if entries else ())
            for backend in self._paths.services.backends(route.service, route.port, each)
        ]
        for (workload, number), only in self._ends(backends).items():
            to_backend = cache(partial(self._ingresses.to_backend, route, family, only))
            at = position(route.port.protocol, number)
            for zone, entry in entries.items():
                onward = partial(_through, route, to_backend)
                yield WayIn(zone, family, workload, ref, way, at, entry, onward, route)

    def _entry_to(self, route: Route, zone: Zone, family: Family) -> Entry:
        """How clients of a zone come in to who serves a route: by any door that they can dial."""
        serving = self._ingresses.serving(route.ingress)
        if not serving.pods:
            known = self._beyond(route, serving, zone, family)
            return self._before(zone, family, lambda _: known)
        ranges, number = route.ingress.source_ranges, web_port(route)
        door = Door(serving.refs, serving.nginx, number, zone, family, ranges)
        entry = self._before(zone, family, partial(self._by_any_door, door))
        telling = self._identity.telling
        return Entry(entry.clients, entry.judge, telling, lambda: self._entrances[door])

    def _beyond(self, route: Route, serving: Serving, zone: Zone, family: Family) -> PathVerdict:
        """Where no pods serve: a load balancer outside takes whom it is for."""
        if not serving.cloud:
            return serving.nobody
        ingress, given = route.ingress, route.service.families if route.service else ()
        # Of one that has a name alone, the backend's families are all that is known.
        own = (
            b for b in ingress.balancers if family in ((b.address.family,) if b.address else given)
        )
        zones = (self._facing.balancer(b.address, ingress.scheme) for b in own)
        faces = any(zone in each for each in zones)
        return PASSES if faces else no_path("its load balancer is not for them")

    def _enter(self, door: Door) -> PathVerdict:
        """What becomes of the client of a zone that fares best at a controller's doors."""
        return self._before(door.zone, door.family, partial(self._by_any_door, door)).best

    def _by_any_door(self, door: Door, client: Party) -> PathVerdict:
        pods = [pod for ref in door.pods if (pod := self._identity.pod(ref)) is not None]
        by_host = self._facing.nodes[client.address.family]
        paths = []
        for frontend, entrance in self._ingresses.doors.each(client, pods, door.number):
            if door.zone in (self._facing.frontend(frontend) if frontend else by_host):
                path = self._ingresses.listed(client, door.ranges, entrance, nginx=door.nginx)
                by_node = frontend is None or frontend.kind == "NodePort"
                paths.append(self._by_some_node(door.zone, door.family, path) if by_node else path)
        return client_chooses(paths)

    def _by_pod_address(self, pod: Pod, address: Address, port: int, zone: Zone) -> WayIn:
        family = address.family
        [target] = self._identity.pod_parties(pod, family)
        entry = self._before(
            zone, family, lambda client: self._paths.to_party(client, target, port)
        )
        workload, way = self._identity.workloads[pod.ref], f"pod address {address}"
        return WayIn(zone, family, workload, pod.ref, way, port, entry)
