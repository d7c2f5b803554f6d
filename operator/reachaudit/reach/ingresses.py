"""Ingresses: routes from a host and path to a Service port, and the path that requests take."""

from collections.abc import Iterator
from dataclasses import dataclass

from reachaudit.model.facts import Ingress, IngressBackend, Pod, Service, ServicePort
from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.controllers import Controllers, Serving
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import position
from reachaudit.reach.services import Backend, Frontend, frontends, usable
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


@dataclass(frozen=True, slots=True)
class Route:
    """One path of an Ingress, or its default backend, with where it is written.

    `service` and `port` are what its backend resolves to; where it does not, `broken` says why.
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

    @property
    def label(self) -> str:
        """`shop.example.com/cart`, `*/` for all hosts."""
        return f"{self.host or '*'}{self.path}"


class Ingresses:
    """All Ingresses with their routes, and the verdicts of requests."""

    def __init__(self, facts: Facts, identity: Identity, paths: Paths) -> None:
        self._identity, self._paths = identity, paths
        self._services = paths.services
        self._controllers = Controllers(facts, identity, self._services)
        self.all = list(facts.of(Ingress))
        self._by_ingress = {ingress.ref: list(self._routes(ingress)) for ingress in self.all}
        self.routes = [route for routes in self._by_ingress.values() for route in routes]

    def routes_of(self, ingress: Ingress) -> list[Route]:
        """An Ingress's routes, in the order in which they are written."""
        return self._by_ingress[ingress.ref]

    def serving(self, ingress: Ingress) -> Serving:
        """Who serves an Ingress."""
        return self._controllers.of(ingress)

    def request(self, client: Party, route: Route) -> PathVerdict:
        """A client outside asks for a route: both connections on its way (ING-15, ING-20)."""
        serving = self.serving(route.ingress)
        if serving.unserved:
            return no_path(serving.note)
        ranges = route.ingress.source_ranges
        if ranges is not None and not any(block.holds(client.address) for block in ranges):
            return PathVerdict(
                Outcome.DENY, note="the allow-list annotation does not hold the client"
            )
        if serving.cloud:
            return self.to_backend(route, client.address.family)
        if not serving.pods:
            return unknown(Reason.CONTROLLER, serving.note)
        return in_sequence(
            self.to_controller(client, route), self.to_backend(route, client.address.family)
        )

    def to_controller(self, client: Party, route: Route) -> PathVerdict:
        """The first connection: to the controller's pods, by whatever exposes them (ING-15)."""
        pods = {pod.ref: pod for pod in self.serving(route.ingress).pods}
        number = 443 if _has_tls(route) else 80  # ING-14
        ways = [
            self._paths.to_any_node(client, frontend)
            if frontend.kind == "NodePort"
            else self._paths.to_frontend(client, frontend)
            for frontend in self._exposing(pods, number)
            if frontend.family == client.address.family
        ]
        for pod in pods.values():
            for party in self._identity.pod_parties(pod, client.address.family):
                listens = any(p.host_port == number and p.protocol == "TCP" for p in pod.ports)
                if pod.host_network or listens:  # SVC-40
                    own = [p for p in pod.ports if p.host_port == number] if listens else []
                    port = position("TCP", own[0].number if own else number)
                    ways.append(direct(self._paths.judge.connection(client, party, port)))
        if not ways:
            return no_path("nothing exposes the controller's pods to the outside")
        return client_chooses(ways)

    def to_backend(self, route: Route, family: Family) -> PathVerdict:
        """The last connection, to the backend's endpoints: from the controller's pods (ING-16),
        or from a load balancer outside (ING-20).
        """
        if route.service is None or route.port is None:
            return no_path(route.broken)
        if route.service.type == "ExternalName":  # ING-13
            return unknown(Reason.NAME_RESOLUTION, "the backend is an ExternalName Service")
        serving = self.serving(route.ingress)
        if serving.cloud:
            return self._from_cloud(route, route.service, route.port)
        backends = self._backends(route.service, route.port, family)
        if not backends:
            return no_path("no usable endpoints")
        return network_chooses(
            direct(
                self._paths.judge.connection(
                    party,
                    self._identity.at(b.address),
                    position(route.port.protocol, b.port),
                )
            )
            for pod in serving.pods
            for b in backends
            for party in self._identity.pod_parties(pod, b.address.family)
        )

    def _from_cloud(self, route: Route, service: Service, port: ServicePort) -> PathVerdict:
        if route.ingress.pod_mode:
            backends = usable(self._services.backends(service, port, service.families[0]))
            return self._paths.from_proxy_to_pods(backends, port.protocol)
        for frontend in frontends(service):
            if frontend.kind == "NodePort" and frontend.port == port:
                return self._paths.from_proxy(frontend)
        return no_path("the load balancer forwards to node ports, and the Service has none")

    def _backends(self, service: Service, port: ServicePort, family: Family) -> list[Backend]:
        """The controller may dial either family; the client's own first."""
        others = [f for f in service.families if f != family]
        for candidate in (family, *others):
            found = usable(self._services.backends(service, port, candidate))
            if found:
                return found
        return []

    def _exposing(self, pods: dict[Ref, Pod], number: int) -> Iterator[Frontend]:
        """Where Services in front of the controller's pods listen to the outside."""
        for service in self._services.all:
            for frontend in frontends(service):
                if frontend.kind == "ClusterIP" or frontend.port.port != number:
                    continue
                backends = self._services.backends(service, frontend.port, frontend.family)
                parties = (self._identity.at(b.address).pod for b in backends)
                if any(pod is not None and pod.ref in pods for pod in parties):
                    yield frontend

    def _routes(self, ingress: Ingress) -> Iterator[Route]:
        for i, rule in enumerate(ingress.rules):
            for k, path in enumerate(rule.paths):
                field = f"spec.rules[{i}].http.paths[{k}].backend"
                yield self._resolved(
                    ingress, rule.host, path.path, path.path_type, field, path.backend
                )
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
            broken = "the backend is a resource, not a Service"  # ING-12
        elif (service := self._services.get(ingress.namespace, backend.service)) is None:
            broken = f"Service {ingress.namespace}/{backend.service} does not exist"
        elif (port := _port(service, backend)) is None:
            known = ", ".join(str(p.port) for p in service.ports) or "none"
            name = f"{service.namespace}/{service.name}"
            broken = f"Service {name} has no port {backend.port}; it has {known}"
        return Route(ingress, host, path, path_type, field, backend, service, port, broken)


def _port(service: Service, backend: IngressBackend) -> ServicePort | None:
    for port in service.ports:
        if backend.port in (port.port, port.name):
            return port
    return None


def _has_tls(route: Route) -> bool:
    hosts = route.ingress.tls_hosts
    return route.ingress.tls and (not hosts or route.host in hosts)
