"""Facing: from which zones clients can dial a way in at all, whatever becomes of them (EXT-15)."""

from collections.abc import Iterable, Sequence

from reachaudit.model.facts import ContainerPort, Node, Pod
from reachaudit.model.ip import Address, Family
from reachaudit.reach.derived import Table
from reachaudit.reach.frontends import Frontend
from reachaudit.reach.identity import Identity
from reachaudit.reach.zones import Zone, zone_of
from reachaudit.settings import Assumptions

Zones = tuple[Zone, ...]
BOTH: tuple[Zone, Zone] = ("internet", "private")
_NEAR: Zones = ("private",)
_ROUTED: dict[str, Zones] = {"false": (), "private": _NEAR, "true": BOTH}


class Facing:
    """Says which zones a frontend, a node, a host port or a load balancer faces.

    `node_ports` and `nodes`: who can dial these on some node, by family.
    """

    def __init__(self, identity: Identity, assumptions: Assumptions) -> None:
        self._identity, self._assumptions = identity, assumptions
        self.node_ports: Table[Family, Zones] = Table(identity.graph, self._node_ports)
        self.nodes: Table[Family, Zones] = Table(identity.graph, self._nodes)

    @property
    def pods(self) -> Zones:
        """Who can dial pod addresses (EXT-12)."""
        return _ROUTED[self._assumptions.pod_range_routed]

    def frontend(self, frontend: Frontend) -> Zones:
        """Who can dial a frontend."""
        match frontend.kind:
            case "ClusterIP":  # SVC-23
                return _ROUTED[self._assumptions.service_range_routed]
            case "NodePort":
                return self.node_ports[frontend.family]
            case "LoadBalancer":
                return self.balancer(frontend.address, frontend.service.scheme)
            case "ExternalIP":
                return _by(frontend.address)

    def balancer(self, address: Address | None, scheme: str) -> Zones:
        """Who can dial a load balancer: by its annotation, else its address, else as assumed."""
        if scheme == "internal":
            return _NEAR
        if scheme == "internet":
            return BOTH
        if address is None:
            return BOTH if self._assumptions.named_balancers == "internet" else _NEAR
        return _by(address)

    def _node_ports(self, family: Family) -> Zones:
        """Who can dial node ports: they are open on every node (SVC-25)."""
        primary = self._assumptions.node_port_addresses == "primary"
        nodes = self._identity.nodes.values()
        return _joined(self._dialled(_addresses(n, family, primary=primary)) for n in nodes)

    def _nodes(self, family: Family) -> Zones:
        """Who can dial what listens on the host itself, on some node."""
        return _joined(self.node(node, family) for node in self._identity.nodes.values())

    def node(self, node: Node, family: Family) -> Zones:
        """Who can dial what listens on one node."""
        return self._dialled(_addresses(node, family))

    def host_port(self, pod: Pod, port: ContainerPort, family: Family) -> Zones:
        """Who can dial a host port: it is open on the pod's own node (SVC-40)."""
        if port.host_address is not None and port.host_address.value:
            return _by(port.host_address)
        nodes = self._identity.nodes_named(pod.node)
        return _joined(self.node(node, family) for node in nodes)

    def surely(self, zone: Zone, family: Family, nodes: Iterable[Node]) -> bool:
        """Whether a zone can dial each of some nodes, whatever addresses that are not known are."""
        if zone == "private" or self._assumptions.node_port_clients != "by-address":
            return True
        return all(zone in _joined(map(_by, _placed(node, family))) for node in nodes)

    def _dialled(self, addresses: Sequence[Address]) -> Zones:
        """Who can dial a node: a global address lets the internet in, unless it is said (UNK-4)."""
        match self._assumptions.node_port_clients:
            case "private":
                return _NEAR if addresses else ()
            case "internet":
                return BOTH if addresses else ()
            case _:
                return _joined(map(_by, addresses))


def _addresses(node: Node, family: Family, *, primary: bool = False) -> list[Address]:
    """A node's addresses of a family, or its first: kube-proxy takes an internal one if it can."""
    found = [address for address in node.addresses if address.family == family]
    return sorted(found, key=node.external.__contains__)[:1] if primary else found


def _placed(node: Node, family: Family) -> list[Address]:
    return [address for address in _addresses(node, family) if address.placed]


def _by(address: Address | None) -> Zones:
    """Who can dial an address: the internet a global one, private networks that and their own.

    One that is not known may be any.
    """
    if address is not None and not address.placed:
        return BOTH
    match zone_of(address) if address else None:
        case "internet":
            return BOTH
        case "private":
            return _NEAR
        case _:
            return ()


def _joined(found: Iterable[Zones]) -> Zones:
    zones = {zone for each in found for zone in each}
    return tuple(zone for zone in BOTH if zone in zones)
