"""Exposure: which workloads clients outside reach, from which zone, and by which way in."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from reachaudit.model.facts import ContainerPort, Pod
from reachaudit.model.ip import FAMILIES, Address, Family
from reachaudit.model.names import Ref
from reachaudit.reach.facing import BOTH, Facing, Zones
from reachaudit.reach.identity import Identity
from reachaudit.reach.ingresses import Ingresses, Route, web_port
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import position
from reachaudit.reach.services import Backend, Frontend, frontends, usable
from reachaudit.reach.verdict import (
    PASSES,
    Outcome,
    PathVerdict,
    client_chooses,
    no_path,
)
from reachaudit.reach.workloads import Workload
from reachaudit.reach.zones import Zone

PASSING = (Outcome.ALLOW, Outcome.PARTIAL)


@dataclass(frozen=True, slots=True)
class Exposure:
    """One way by which a zone may reach a workload, and what becomes of it.

    `by` is the object that opens the way; `way` says where it listens: `NodePort 30080/TCP`,
    `Ingress shop.example.com/`. `port` is the pods' own, on the line.
    """

    zone: Zone
    family: Family
    workload: Workload
    by: Ref
    way: str
    port: int
    verdict: PathVerdict

    @property
    def open(self) -> bool:
        """Whether connections surely pass, at least by some choice of the network."""
        return self.verdict.outcome in PASSING


class Exposures:
    """Finds all ways in from outside."""

    def __init__(self, identity: Identity, paths: Paths, ingresses: Ingresses) -> None:
        self._identity, self._paths, self._ingresses = identity, paths, ingresses
        self._facing = Facing(identity, paths.assumptions)
        self._entrances: dict[tuple[object, ...], PathVerdict] = {}

    def all(self) -> list[Exposure]:
        """Every way in to pods, open or not, by Service, host port, Ingress, and pod address."""
        return [
            *self._by_services(),
            *self._by_host_ports(),
            *self._by_ingresses(),
            *self._by_pod_addresses(),
        ]

    def _by_services(self) -> Iterator[Exposure]:
        for service in self._paths.services.all:
            for frontend in frontends(service):
                zones = self._facing.frontend(frontend)
                if zones:
                    yield from self._by_frontend(frontend, zones)

    def _by_frontend(self, frontend: Frontend, zones: Zones) -> Iterator[Exposure]:
        """Workload by workload, since their policies may differ."""
        family = frontend.family
        backends = self._paths.services.backends(frontend.service, frontend.port, family)
        for workload, own in self._by_workload(backends).items():
            for zone in zones:
                verdict = client_chooses(
                    self._dial(client, frontend, own)
                    for client in self._paths.outside.zone(zone, family)
                )
                port = position(frontend.port.protocol, own[0].port)
                ref = frontend.service.ref
                yield Exposure(zone, family, workload, ref, str(frontend), port, verdict)

    def _dial(self, client: Party, frontend: Frontend, own: list[Backend]) -> PathVerdict:
        wanted = set(own)
        if frontend.kind == "NodePort":
            return self._paths.to_any_node(client, frontend, wanted.__contains__)
        return self._paths.to_frontend(client, frontend, only=wanted.__contains__)

    def _by_workload(self, backends: list[Backend]) -> dict[Workload, list[Backend]]:
        found: dict[Workload, list[Backend]] = {}
        for backend in usable(backends):
            pod = self._identity.endpoint(backend.address, backend.pod).pod
            if pod is not None:
                found.setdefault(self._identity.workloads[pod.ref], []).append(backend)
        return found

    def _by_host_ports(self) -> Iterator[Exposure]:
        """SVC-40: open on the pod's own node."""
        for pod in self._identity.pods:
            for port in pod.ports if not pod.host_network else ():
                for address in pod.addresses if port.host_port else ():
                    for zone in self._facing.host_port(pod, port, address.family):
                        yield self._by_host_port(pod, port, zone, address.family)

    def _by_host_port(self, pod: Pod, port: ContainerPort, zone: Zone, family: Family) -> Exposure:
        verdict = client_chooses(
            self._paths.to_host_port(client, pod, port, family)
            for client in self._paths.outside.zone(zone, family)
        )
        way = f"hostPort {port.host_port}/{port.protocol}"
        at = position(port.protocol, port.number)
        return Exposure(zone, family, self._identity.workloads[pod.ref], pod.ref, way, at, verdict)

    def _by_ingresses(self) -> Iterator[Exposure]:
        for route in self._ingresses.routes:
            if route.service is None or route.port is None:
                continue
            for family in FAMILIES:
                for zone in BOTH:
                    entrance = self._entrance(route, zone, family)
                    if entrance.outcome is not Outcome.NO_PATH:
                        yield from self._by_route(route, zone, family, entrance)

    def _by_route(
        self, route: Route, zone: Zone, family: Family, entrance: PathVerdict
    ) -> Iterator[Exposure]:
        """Workload by workload of the backend, whatever family the controller dials it in."""
        assert route.service is not None
        assert route.port is not None
        backends = [
            backend
            for each in route.service.families
            for backend in self._paths.services.backends(route.service, route.port, each)
        ]
        for workload, own in self._by_workload(backends).items():
            verdict = self._ingresses.through(entrance, route, family, set(own).__contains__)
            port, way = position(route.port.protocol, own[0].port), f"Ingress {route.label}"
            yield Exposure(zone, family, workload, route.ingress.ref, way, port, verdict)

    def _entrance(self, route: Route, zone: Zone, family: Family) -> PathVerdict:
        """How clients of a zone come in to who serves a route: by any door that they can dial."""
        ingress, serving = route.ingress, self._ingresses.serving(route.ingress)
        if serving.cloud:
            zones = (self._facing.balancer(b.address, ingress.scheme) for b in ingress.balancers)
            faces = any(zone in each for each in zones)
            return PASSES if faces else no_path("its load balancer is not for them")
        if not serving.pods:
            return serving.nobody
        refs, number = tuple(pod.ref for pod in serving.pods), web_port(route)
        key = refs, number, zone, family, ingress.source_ranges
        if key not in self._entrances:
            self._entrances[key] = client_chooses(
                self._ingresses.listed(client, ingress, entrance)
                for client in self._paths.outside.zone(zone, family)
                for door, entrance in self._ingresses.doors.each(client, serving.pods, number)
                if zone in (self._facing.frontend(door) if door else self._facing.nodes[family])
            )
        return self._entrances[key]

    def _by_pod_addresses(self) -> Iterator[Exposure]:
        """EXT-12: clients outside dial pods, where these are routed. Each run of ports once."""
        if not self._facing.pods:
            return
        for pod in self._identity.pods:
            number = self._identity.number(pod)
            if number is not None:
                row = self._paths.judge.ingress.of(number).row
                ports = [max(cell.span.first, 1) for cell in row]
                for address, port, zone in product(pod.addresses, ports, self._facing.pods):
                    yield self._by_pod_address(pod, address, port, zone)

    def _by_pod_address(self, pod: Pod, address: Address, port: int, zone: Zone) -> Exposure:
        target, family = self._identity.at(address), address.family
        verdict = client_chooses(
            self._paths.to_party(client, target, port)
            for client in self._paths.outside.zone(zone, family)
        )
        workload, way = self._identity.workloads[pod.ref], f"pod address {address}"
        return Exposure(zone, family, workload, pod.ref, way, port, verdict)
