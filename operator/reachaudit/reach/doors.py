"""The doors of an ingress controller in the cluster: how clients come to its pods (ING-15)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reachaudit.model.facts import Ingress, Pod
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import position
from reachaudit.reach.services import Frontend, FrontendKind, frontends
from reachaudit.reach.verdict import PathVerdict, direct, network_chooses, no_path

# A name leads to one of these, the first that there is: names are given to load balancers before
# they are given to nodes.
_ORDER: tuple[FrontendKind, ...] = ("LoadBalancer", "ExternalIP", "NodePort")


@dataclass(frozen=True, slots=True)
class Entrance:
    """A client's way to the controller's pods. `kept`: they surely see the client's own address."""

    path: PathVerdict
    kept: bool


class Doors:
    """Finds the way in to a controller."""

    def __init__(self, identity: Identity, paths: Paths) -> None:
        self._identity, self._paths = identity, paths

    def enter(self, client: Party, ingress: Ingress, pods: Sequence[Pod], number: int) -> Entrance:
        """A client connects to port 80 or 443 of a controller, where it is exposed."""
        own = {b.address or b.hostname for b in ingress.balancers}
        found = [f for f in self._exposing(pods, number) if f.family == client.address.family]
        for kind in _ORDER:
            if kind == "NodePort" and (ways := list(self._host_ways(client, pods, number))):
                return Entrance(network_chooses(ways), kept=True)
            of_kind = [f for f in found if f.kind == kind]
            named = [f for f in of_kind if (f.address or f.hostname) in own]
            if doors := named or of_kind:
                kept = all(f.service.external_local for f in doors)
                return Entrance(network_chooses(self._through(client, f) for f in doors), kept)
        return Entrance(no_path("nothing exposes the controller's pods to the outside"), kept=True)

    def _through(self, client: Party, door: Frontend) -> PathVerdict:
        if door.kind == "NodePort":
            return self._paths.to_some_node(client, door)
        return self._paths.to_frontend(client, door)

    def _exposing(self, pods: Sequence[Pod], number: int) -> Iterator[Frontend]:
        """Where Services in front of the pods listen to the outside on a port."""
        refs = {pod.ref for pod in pods}
        for service in self._paths.services.all:
            for frontend in frontends(service):
                if frontend.kind == "ClusterIP" or frontend.port.port != number:
                    continue
                backends = self._paths.services.backends(service, frontend.port, frontend.family)
                behind = (self._identity.endpoint(b.address, b.pod).pod for b in backends)
                if any(pod is not None and pod.ref in refs for pod in behind):
                    yield frontend

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
