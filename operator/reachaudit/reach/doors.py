"""The doors of an ingress controller in the cluster: how clients come to its pods (ING-15)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reachaudit.model.facts import Balancer, Pod
from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach.derived import Table
from reachaudit.reach.frontends import Frontend, FrontendKind, frontends
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import position
from reachaudit.reach.verdict import PathVerdict, direct, network_chooses, no_path

# A name leads to one of these, the first that there is: names are given to load balancers before
# they are given to nodes.
WEB_PORTS = (80, 443)  # ING-14
_ORDER: tuple[FrontendKind, ...] = ("LoadBalancer", "ExternalIP", "NodePort")


_Doors = dict[tuple[Ref, int], list[Frontend]]


@dataclass(frozen=True, slots=True)
class Entrance:
    """A client's way to the controller's pods. `kept`: they surely see the client's own address."""

    path: PathVerdict
    kept: bool


class Doors:
    """Finds the ways in to a controller."""

    def __init__(self, identity: Identity, paths: Paths) -> None:
        self._identity, self._paths = identity, paths
        # By namespace, so that a pod that is replaced has few Services looked through.
        self._in: Table[str, _Doors] = Table(identity.graph, self._listening)
        self._by_pod: Table[None, _Doors] = Table(identity.graph, self._anywhere)

    def enter(
        self, client: Party, balancers: Iterable[Balancer], pods: Sequence[Pod], number: int
    ) -> Entrance:
        """A client asks by name for port 80 or 443 of a controller: one kind of door is named."""
        own = frozenset(b.address or b.hostname for b in balancers if b.known)
        return self._enter(client, own, pods, number)

    def each(
        self, client: Party, pods: Sequence[Pod], number: int
    ) -> Iterator[tuple[Frontend | None, Entrance]]:
        """Every door that a client may try, named or not; None for the host's own ports."""
        for door in self._exposing(pods, number, client.address.family):
            if door.kind == "NodePort":
                yield door, Entrance(self._paths.to_any_node(client, door), self._keeps(door))
            else:
                yield door, Entrance(self._paths.to_frontend(client, door), self._keeps(door))
        for way in self._host_ways(client, pods, number):
            yield None, Entrance(way, kept=True)

    def _enter(
        self, client: Party, own: frozenset[object], pods: Sequence[Pod], number: int
    ) -> Entrance:
        found = self._exposing(pods, number, client.address.family)
        for kind in _ORDER:
            if kind == "NodePort" and (ways := list(self._host_ways(client, pods, number))):
                return Entrance(network_chooses(ways), kept=True)
            of_kind = [f for f in found if f.kind == kind]
            named = [f for f in of_kind if (f.address or f.hostname) in own]
            if doors := named or of_kind:
                path = network_chooses(self._through(client, door) for door in doors)
                return Entrance(path, all(map(self._keeps, doors)))
        shut = no_path("nothing exposes the controller's pods to the outside", "ING-15")
        return Entrance(shut, kept=True)

    def _through(self, client: Party, door: Frontend) -> PathVerdict:
        if door.kind == "NodePort":
            return self._paths.to_some_node(client, door)
        return self._paths.to_frontend(client, door)

    def _exposing(self, pods: Sequence[Pod], number: int, family: Family) -> list[Frontend]:
        """Where Services in front of the pods listen to the outside on a port."""
        found = (self._by_pod[None].get((pod.ref, number), ()) for pod in pods)
        doors = dict.fromkeys(door for each in found for door in each)
        return [door for door in doors if door.family == family]

    def _anywhere(self, _: None) -> _Doors:
        """Frontends of web ports to the outside, by the pods behind them."""
        found: _Doors = {}
        for namespace in self._paths.services.namespaces:
            for key, doors in self._in[namespace].items():
                found[key] = [*found.get(key, ()), *doors]
        return found

    def _listening(self, namespace: str) -> _Doors:
        """Those of one namespace. ClusterIPs are among them where they are routed (SVC-23)."""
        inner = self._paths.assumptions.service_range_routed == "false"
        found: _Doors = {}
        for service in self._paths.services.within(namespace):
            for door in frontends(service):
                if (inner and door.kind == "ClusterIP") or door.port.port not in WEB_PORTS:
                    continue
                for backend in self._paths.services.backends(service, door.port, door.family):
                    if (pod := backend.party.pod) is not None:
                        found.setdefault((pod.ref, door.port.port), []).append(door)
        return found

    def _host_ways(self, client: Party, pods: Sequence[Pod], number: int) -> Iterator[PathVerdict]:
        """Host ports, and pods on their node's network (SVC-40)."""
        family = client.address.family
        for pod in pods:
            for party in self._identity.pod_parties(pod, family) if pod.host_network else ():
                at = position("TCP", number)
                yield direct(self._paths.judge.connection(client, party, at))
            for port in pod.ports if not pod.host_network else ():
                if (port.host_port, port.protocol) == (number, "TCP"):
                    yield self._paths.to_host_port(client, pod, port, family)

    def _keeps(self, door: Frontend) -> bool:
        """Whether who comes by a door surely keeps his address (SVC-28, SVC-32)."""
        local = door.kind != "ClusterIP" and door.service.external_local
        return local and self._paths.transparent(door)
