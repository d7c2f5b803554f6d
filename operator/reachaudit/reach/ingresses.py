"""Ingresses: routes from a host and path to a Service port, and the path that requests take."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from reachaudit.model.facts import (
    Balancer,
    Ingress,
    IngressBackend,
    Protocol,
    Service,
    ServicePort,
)
from reachaudit.model.ip import FAMILIES, Block, Family
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.controllers import Controllers, Serving
from reachaudit.reach.derived import Table
from reachaudit.reach.doors import Doors, Entrance
from reachaudit.reach.facing import BOTH
from reachaudit.reach.frontends import frontends
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import position
from reachaudit.reach.services import Backend, Only, anything, usable
from reachaudit.reach.telling import kind
from reachaudit.reach.verdict import (
    Outcome,
    PathVerdict,
    Reason,
    client_chooses,
    direct,
    in_sequence,
    network_chooses,
    no_path,
    unknown,
)

_UNREAD = ("-snippet", "denylist-source-range")
_NOBODY = IngressBackend("", 0)
BY_ANNOTATION = "use-annotation"  # AWS's port name for a backend that an annotation describes


@dataclass(frozen=True, slots=True)
class Route:
    """One path of an Ingress, or its default backend, with where it is written.

    `service` and `port` are what its backend resolves to; where it does not, `broken` says why.
    `unsure`: annotations that are not read may refuse or redirect requests (ING-23).
    """

    ingress: Ingress
    host: str
    path: str
    path_type: str
    field: str
    backend: IngressBackend
    service: Service | None = None
    port: ServicePort | None = None
    broken: str = ""
    unsure: bool = False

    @property
    def label(self) -> str:
        """`shop.example.com/cart`, `*/` for all hosts."""
        return f"{self.host or '*'}{self.path}"


class _ByName(NamedTuple):
    """All that tells how clients outside come by name to a controller."""

    pods: tuple[Ref, ...]
    nginx: bool
    number: int
    family: Family
    balancers: tuple[Balancer, ...]
    ranges: tuple[Block, ...] | None


class _Dialling(NamedTuple):
    """Pods of a controller, and the families in which they may dial, the first that they have."""

    pods: tuple[Ref, ...]
    families: tuple[Family, ...]


class Ingresses:
    """All Ingresses with their routes, and the verdicts of requests."""

    def __init__(self, facts: Facts, identity: Identity, paths: Paths) -> None:
        self._identity, self._paths = identity, paths
        self._services, self.doors = paths.services, Doors(identity, paths)
        self._controllers = Controllers(facts, identity, self._services, paths.assumptions)
        self._facts = facts
        self._by_ingress: Table[Ref, list[Route]] = Table(identity.graph, self._read)
        self._named: Table[_ByName, PathVerdict] = Table(identity.graph, self._enter)
        self._parties: Table[_Dialling, tuple[Party, ...]] = Table(
            identity.graph, self._find_parties
        )

    @property
    def routes(self) -> list[Route]:
        """All routes, in order of their Ingresses."""
        return [route for each in self._facts.of(Ingress) for route in self.routes_of(each)]

    def routes_of(self, ingress: Ingress) -> list[Route]:
        """An Ingress's routes, in the order in which they are written."""
        return self._by_ingress[ingress.ref]

    def serving(self, ingress: Ingress) -> Serving:
        """Who serves an Ingress."""
        return self._controllers.of(ingress)

    def request(self, client: Party, route: Route) -> PathVerdict:
        """A client asks by name for a route: both connections on its way (ING-15, ING-20)."""
        serving = self.serving(route.ingress)
        if serving.cloud:
            entrance = self._to_cloud(client, route)
        elif serving.pods:
            entrance = self.to_controller(client, route)
        else:
            return serving.nobody
        backend = self.to_backend(route, client.address.family)
        return self.through(entrance, route, backend)

    @staticmethod
    def through(entrance: PathVerdict, route: Route, backend: PathVerdict) -> PathVerdict:
        """From where a request came in to its backend."""
        path = in_sequence(entrance, backend)
        if path.outcome in (Outcome.ALLOW, Outcome.PARTIAL) and route.unsure:
            note = "an annotation may refuse it or route it otherwise"
            return unknown(Reason.ANNOTATION, note, "ING-23")
        return path

    def to_controller(self, client: Party, route: Route) -> PathVerdict:
        """The first connection, to the controller's pods, and what an allow-list makes of it."""
        pods = self.serving(route.ingress).pods
        entrance = self.doors.enter(client, route.ingress.balancers, pods, web_port(route))
        nginx = self.serving(route.ingress).nginx
        return self.listed(client, route.ingress.source_ranges, entrance, nginx=nginx)

    def from_outside(self, route: Route, family: Family) -> PathVerdict:
        """The same for the client outside that fares best."""
        ingress, serving = route.ingress, self.serving(route.ingress)
        balancers, number = ingress.balancers, web_port(route)
        key = _ByName(serving.refs, serving.nginx, number, family, balancers, ingress.source_ranges)
        return self._named[key]

    def _enter(self, key: _ByName) -> PathVerdict:
        pods = [pod for ref in key.pods if (pod := self._identity.pod(ref)) is not None]
        clients = (c for zone in BOTH for c in self._paths.outside.zone(zone, key.family))

        def ask(client: Party) -> PathVerdict:
            entrance = self.doors.enter(client, key.balancers, pods, key.number)
            return self.listed(client, key.ranges, entrance, nginx=key.nginx)

        return client_chooses(self._identity.each(clients, ask))

    def listed(
        self,
        client: Party,
        ranges: tuple[Block, ...] | None,
        entrance: Entrance,
        *,
        nginx: bool,
    ) -> PathVerdict:
        """ING-23: ingress-nginx compares the address that it sees, maybe a node's (EXT-9)."""
        shut = entrance.path.outcome in (Outcome.DENY, Outcome.NO_PATH)
        if ranges is None or shut or not nginx:
            return entrance.path
        for block in ranges:
            self._identity.telling.looks_for(client, self._identity.signatures.inside(block))
        seen = [client.address]
        if not entrance.kept:
            seen += [a for node in self._identity.nodes.values() for a in node.addresses]
        listed = {any(block.holds(a) for block in ranges) for a in seen if a.placed}
        if not all(a.placed for a in seen):
            listed |= {True, False}
        if listed == {False}:
            note = "the allow-list does not hold the client"
            return PathVerdict(Outcome.DENY, note=note, rules=("ING-23",))
        if listed == {True}:
            return entrance.path
        note = "whom the allow-list is compared with is not known"
        return unknown(Reason.SOURCE_NAT, note, "ING-23", "EXT-9")

    def _to_cloud(self, client: Party, route: Route) -> PathVerdict:
        """To the load balancer outside, once it has an address (ING-21)."""
        if not route.ingress.balancers:
            return no_path("the load balancer has no address yet", "ING-21")
        port = position("TCP", web_port(route))
        return self._paths.proxies.to(client, route.ingress.balancers, port)

    def to_backend(self, route: Route, family: Family, only: Only = anything) -> PathVerdict:
        """The last connection, to the backend's endpoints: from the controller's pods (ING-16),
        or from a load balancer outside (ING-20). `only` limits the endpoints looked at.
        """
        if route.service is not None and route.service.type == "ExternalName":
            note = "the backend is an ExternalName Service"
            return unknown(Reason.NAME_RESOLUTION, note, "ING-13")
        if route.backend.port == BY_ANNOTATION:
            return unknown(Reason.ANNOTATION, "an annotation says where it goes", "ING-23")
        if route.service is None or route.port is None:
            return no_path(route.broken, "ING-11" if route.backend.service else "ING-12")
        serving = self.serving(route.ingress)
        if serving.cloud:
            return self._from_cloud(route, serving, route.service, route.port, only)
        if not serving.pods:
            return serving.nobody
        controllers = self._controllers_for(serving, route.service, route.port, family)
        dial = partial(self._dial, route, route.service, route.port, only)
        if _node_matters(route):
            return network_chooses(map(dial, controllers))
        backends = (self._services.backends(route.service, route.port, f) for f in FAMILIES)
        # A controller among them lets itself in (NP-45).
        behind = {b.party.address for own in backends for b in usable(own)}
        found = self._identity.telling.answers(
            controllers, dial, lambda party: party, lambda p: (kind(p), p.address in behind)
        )
        return network_chooses(path for _, path in found)

    def _controllers_for(
        self, serving: Serving, service: Service, port: ServicePort, family: Family
    ) -> tuple[Party, ...]:
        """Controllers dial a family that both they and the backend have; the client's first."""
        wanted = dict.fromkeys((family, *service.families))
        served = (each for each in wanted if self._services.backends(service, port, each))
        return self._parties[_Dialling(serving.refs, (*served, family))]

    def _find_parties(self, key: _Dialling) -> tuple[Party, ...]:
        pods = [pod for ref in key.pods if (pod := self._identity.pod(ref)) is not None]
        found = ([self._identity.pod_parties(pod, f) for f in key.families] for pod in pods)
        return tuple(p for own in found for p in next(filter(None, own), ()))

    def _dial(
        self, route: Route, service: Service, port: ServicePort, only: Only, controller: Party
    ) -> PathVerdict:
        """Endpoints that are ready, or the ClusterIP where an annotation says so (ING-17)."""
        family = controller.address.family
        if route.ingress.service_upstream:
            for frontend in frontends(service):
                if (frontend.kind, frontend.port, frontend.family) == ("ClusterIP", port, family):
                    return self._paths.to_frontend(controller, frontend, only=only)
        ready = [b for b in self._services.backends(service, port, family, only) if b.ready]
        if not ready:
            return no_path("no ready endpoints", "ING-17")
        # A controller of its node's network may pass to pods of its own node (NP-44).
        near = (controller.node,) if controller.number is None else ()
        return network_chooses(
            self._paths.rewrites.each(
                controller, ready, near, partial(self._connect, port.protocol, controller)
            )
        )

    def _connect(self, protocol: Protocol, controller: Party, backend: Backend) -> PathVerdict:
        at = position(protocol, backend.port)
        return direct(self._paths.judge.connection(controller, backend.party, at))

    def _from_cloud(
        self, route: Route, serving: Serving, service: Service, port: ServicePort, only: Only
    ) -> PathVerdict:
        if route.ingress.pod_mode or service.pod_mode:
            backends = usable(self._services.backends(service, port, service.families[0]))
            wanted = [backend for backend in backends if only(backend)]
            return self._paths.proxies.to_pods(wanted, port.protocol, serving.ranges)
        for frontend in frontends(service):
            if frontend.kind == "NodePort" and frontend.port == port:
                backends = self._services.backends(service, port, frontend.family, only)
                return self._paths.proxies.to_node_ports(frontend, backends)
        note = "the load balancer forwards to node ports, and the Service has none"
        return no_path(note, "ING-20")

    def _read(self, ref: Ref) -> list[Route]:
        ingress = self._facts.get(Ingress, ref)
        return list(self._routes(ingress)) if ingress else []

    def _routes(self, ingress: Ingress) -> Iterator[Route]:
        for rule in ingress.rules:
            field = f"spec.rules[{rule.index}]"
            for path in rule.paths:
                where = f"{field}.http.paths[{path.index}].backend"
                yield self._resolved(
                    ingress, rule.host, path.path, path.path_type, where, path.backend
                )
            if not rule.paths:  # ING-10: all of the host is the default backend's
                backend = ingress.default or _NOBODY
                yield self._resolved(ingress, rule.host, "/", "Prefix", field, backend)
        if ingress.default is not None:
            yield self._resolved(ingress, "", "/", "Prefix", "spec.defaultBackend", ingress.default)

    def _resolved(
        self,
        ingress: Ingress,
        host: str,
        path: str,
        path_type: str,
        field: str,
        backend: IngressBackend,
    ) -> Route:
        """A route with its Service port looked up by number or name (ING-6, ING-11)."""
        service, port, broken = None, None, ""
        if not backend.service:
            broken = "no Service stands behind it"  # ING-10, ING-12
        elif (service := self._services.get(ingress.namespace, backend.service)) is None:
            broken = f"Service {ingress.namespace}/{backend.service} does not exist"
        elif (port := _port(service, backend)) is None:
            known = ", ".join(str(p.port) for p in service.ports) or "none"
            name = f"{service.namespace}/{service.name}"
            broken = f"Service {name} has no port {backend.port}; it has {known}"
        heeded = self._paths.assumptions.unread_annotations == "unknown"
        unsure = heeded and _may_refuse(ingress)
        return Route(ingress, host, path, path_type, field, backend, service, port, broken, unsure)


def _port(service: Service, backend: IngressBackend) -> ServicePort | None:
    for port in service.ports:
        if backend.port in (port.port, port.name):
            return port
    return None


def web_port(route: Route) -> int:
    """Clients come to 80, or to 443 where the host has TLS (ING-14)."""
    return 443 if _has_tls(route) else 80


def _node_matters(route: Route) -> bool:
    """Whether it matters on which node a controller's pod is: it dials a ClusterIP (SVC-24)."""
    local = route.service is not None and route.service.internal_local
    return route.ingress.service_upstream and local


def _may_refuse(ingress: Ingress) -> bool:
    """Annotations that are not read and may do anything with any client (ING-23)."""
    return any(key.endswith(_UNREAD) for key in ingress.unread_annotations)


def _has_tls(route: Route) -> bool:
    hosts = route.ingress.tls_hosts
    return route.ingress.tls and (not hosts or route.host in hosts)
