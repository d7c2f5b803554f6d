"""Host ports: the ports of nodes that are handed to pods on them (SVC-40)."""

from reachaudit.model.facts import ContainerPort, Pod
from reachaudit.reach.derived import Table
from reachaudit.reach.identity import Identity

Hosted = list[tuple[Pod, ContainerPort]]


class HostPorts:
    """The pods that have host ports, node by node; all pods are looked through once."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._by_node: Table[None, dict[str, Hosted]] = Table(identity.graph, self._find)

    def on(self, node: str) -> Hosted:
        """The host ports of a node; those of pods on its own network are among them."""
        return self._by_node[None].get(node, [])

    def _find(self, _: None) -> dict[str, Hosted]:
        found: dict[str, Hosted] = {}
        for pod in self._identity.pods:
            for port in pod.ports:
                if port.host_port:
                    found.setdefault(pod.node, []).append((pod, port))
        return found
