"""Listening: a Service where it listens beside its ClusterIP, as a destination."""

from collections.abc import Iterator
from dataclasses import dataclass

from reachaudit.model.facts import Service
from reachaudit.model.ip import Address, Family
from reachaudit.model.names import Ref
from reachaudit.reach.destinations import ANY_FAMILY, at, by_host_ports, host_ports, services_of
from reachaudit.reach.frontends import Frontend, FrontendKind, frontends
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import PathVerdict, client_chooses, no_path


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a Service listens beside its ClusterIP, dialled there alone.

    `service`: whose load balancer or node ports are dialled, these on the node that suits best.
    `node`: on which node a node port or host port is dialled. `address`: which external address is.
    """

    kind: FrontendKind
    service: Ref | None = None
    node: str = ""
    address: Address | None = None

    def ask(self, reach: Reachability, client: Party, port: int | None) -> PathVerdict:
        """The best of what listens there: a client may try each."""
        if port is None:
            return no_path("Services forward TCP, UDP and SCTP only", "SVC-3")
        ways = [self._to(reach, client, f) for f in self._all(reach, client.address.family, port)]
        if self.node:
            ways += by_host_ports(reach, client, self.node, port)
        return client_chooses(ways) if ways else no_path(self._nothing(reach), "SVC-3", "SVC-31")

    def spans(self, reach: Reachability, client: Party) -> list[Span]:
        """The ports that are listened on."""
        ports = {at(frontend) for frontend in self._everything(reach, client.address.family)}
        ports |= set(host_ports(reach, self.node)) if self.node else set()
        return [Span(port, port) for port in sorted(ports)]

    def services(self, reach: Reachability, port: int | None) -> list[Service]:
        """Those that listen; the one that is named, if it does not."""
        found = [f for f in self._everything(reach) if port == at(f)]
        named = reach.facts.get(Service, self.service) if self.service else None
        return services_of(found) or ([named] if named else [])

    def families(self, reach: Reachability) -> frozenset[Family]:
        """Those in which anything listens."""
        found = {frontend.family for frontend in self._everything(reach)}
        node = reach.identity.nodes.get(self.node)
        return (
            frozenset(found | {a.family for a in node.addresses} if node else found) or ANY_FAMILY
        )

    def _to(self, reach: Reachability, client: Party, frontend: Frontend) -> PathVerdict:
        if frontend.kind == "NodePort" and not self.node:
            return reach.paths.to_any_node(client, frontend)
        return reach.paths.to_frontend(client, frontend, entry=self.node)

    def _all(self, reach: Reachability, family: Family, port: int) -> list[Frontend]:
        return [f for f in self._everything(reach, family) if at(f) == port]

    def _everything(self, reach: Reachability, family: Family | None = None) -> Iterator[Frontend]:
        own = reach.facts.get(Service, self.service) if self.service else None
        for service in [own] if own else () if self.service else reach.services.all:
            for f in frontends(service):
                here = self.address in (None, f.address)
                if f.kind == self.kind and here and family in (None, f.family):
                    yield f

    def _nothing(self, reach: Reachability) -> str:
        """Why nothing listens, in words."""
        if self.kind == "LoadBalancer":
            own = reach.facts.get(Service, self.service) if self.service else None
            if own is not None and own.type == "LoadBalancer" and not own.balancers:
                return "the load balancer has no address yet"
            return "its load balancer does not listen there"
        return "no Service listens there"
