"""Who reaches a Service: by its name inside the cluster, by its doors and Ingresses from outside.

By its name the verdict is that of the whole path, PARTIAL where some endpoints let a client in and
others do not, and ports are the Service's own. What comes from outside is listed with the workloads
that it comes to, at their ports, as in the list of all flows.
"""

from collections.abc import Iterator
from functools import cached_property

from reachaudit.model.facts import Pod, Service, ServicePort
from reachaudit.model.ip import FAMILIES, Family
from reachaudit.model.names import Ref
from reachaudit.reach.ends import EndError
from reachaudit.reach.frontends import frontends
from reachaudit.reach.listing.alike import Alike, Hop, Label, Piece, openings, parted
from reachaudit.reach.listing.listing import Listing
from reachaudit.reach.listing.peers import Peer
from reachaudit.reach.listing.wanted import End, Wanted
from reachaudit.reach.party import Party
from reachaudit.reach.ports import ALL_PORTS, Span, position
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.resolve import by_name, followed
from reachaudit.reach.verdict import Outcome, PathVerdict, Reason, client_chooses, one_of

_REACHED = (Outcome.ALLOW, Outcome.PARTIAL, Outcome.UNKNOWN)


class Visitors:
    """The flows to one Service; `peers`, `nodes` and `own` as of a listing."""

    def __init__(self, reach: Reachability, ref: Ref, ports: Span | None = None) -> None:
        """`ports`: of the Service, on the line. Raises EndError where it has none."""
        service = reach.facts.get(Service, ref)
        wanted = ports or ALL_PORTS
        found = [port for port in service.ports if _within(port, wanted)] if service else []
        if service is None or not found:
            raise EndError(f"{ref} has no such port: ask for the pods behind it")
        self._reach, self._service, self._ports = reach, service, found
        self._listing = Listing(reach, Wanted(End(_is_controller)))
        self.peers, self.nodes, self.own = (
            self._listing.peers,
            self._listing.nodes,
            self._listing.own,
        )

    def alike(self) -> Iterator[Alike]:
        """All flows to it, those from inside first."""
        target = self.peers.service(self._service.ref)
        for labels, sources in parted(self._inside()):
            yield Alike(sources, target, openings(labels))
        hops = {*self._doors(), *self._routes()}
        for sources, workload, found in self._listing.alike():
            kept = tuple(each for each in found if each.path and each.path[-1] in hops)
            if kept:
                yield Alike(sources, workload, kept)

    def _inside(self) -> Iterator[Piece]:
        for port in self._ports:
            at = position(port.protocol, port.port)
            for family in FAMILIES:
                for source, path in self._paths(port, family):
                    reason = path.reason if path.outcome is Outcome.UNKNOWN else None
                    label = Label(family, Span(at, at), path.outcome, reason)
                    if path.outcome in _REACHED:
                        yield label, 1 << source

    def _paths(self, port: ServicePort, family: Family) -> Iterator[tuple[int, PathVerdict]]:
        """What becomes of each workload, by the pod that fares best, and of each node."""
        found: dict[int, list[PathVerdict]] = {}
        known: dict[tuple[object, ...], PathVerdict] = {}
        for pod in self._reach.identity.pods:
            for client in self._clients(pod, family):
                key = self._key(client, pod)
                if key not in known:
                    known[key] = self._dial(client, port)
                number = self.peers.workload(self._reach.identity.workloads[pod.ref].ref)
                found.setdefault(number, []).append(known[key])
        for number, paths in found.items():
            yield number, client_chooses(paths)
        for name in self.nodes:
            node = self._reach.identity.nodes[name]
            ways = [self._dial(c, port) for c in self._reach.identity.node_parties(node, family)]
            if ways:
                yield self.peers.node(name), one_of(ways, Reason.NODE_ADDRESS)

    def _clients(self, pod: Pod, family: Family) -> list[Party]:
        """Pods on their node's network are their node."""
        identity = self._reach.identity
        return identity.pod_parties(pod, family) if identity.number(pod) is not None else []

    def _key(self, client: Party, pod: Pod) -> tuple[object, ...]:
        """All that may tell what becomes of a client: endpoints are their own hairpins."""
        signature = self._reach.identity.signatures.of(client.address)
        node = client.node if self._meant is not None and self._meant.internal_local else ""
        return client.number, signature, node, pod.ref if pod.ref in self._endpoints else None

    @cached_property
    def _meant(self) -> Service | None:
        """The Service that the name leads to."""
        return followed(self._reach.services, self._service)

    @cached_property
    def _endpoints(self) -> set[Ref]:
        """The pods behind it."""
        services, meant = self._reach.services, self._meant
        backends = (
            backend
            for port in (meant.ports if meant else ())
            for family in FAMILIES
            for backend in (services.backends(meant, port, family) if meant else ())
        )
        return {backend.party.pod.ref for backend in backends if backend.party.pod}

    def _dial(self, client: Party, port: ServicePort) -> PathVerdict:
        paths = self._reach.paths
        return by_name(paths, client, self._service, port.port, port.protocol)

    def _doors(self) -> Iterator[Hop]:
        """Where it listens beside its name."""
        for frontend in frontends(self._service):
            if frontend.port in self._ports:
                yield Hop(str(self._service.ref), str(frontend))

    def _routes(self) -> Iterator[Hop]:
        """The routes of Ingresses that lead to it."""
        for route in self._reach.ingresses.routes:
            if route.service == self._service and route.port in self._ports:
                yield Hop(str(route.ingress.ref), route.label)


def _within(port: ServicePort, ports: Span) -> bool:
    return ports.first <= position(port.protocol, port.port) <= ports.last


def _is_controller(peer: Peer) -> bool:
    return peer.kind == "controller"
