"""Paths: from a client to what it dials: a pod, a node, a host port, or a Service's frontend."""

from collections.abc import Hashable, Iterable
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from reachaudit.model.facts import Balancer, ContainerPort, Pod
from reachaudit.model.ip import Address, Block, Family, everything
from reachaudit.reach.derived import Table
from reachaudit.reach.frontends import Frontend
from reachaudit.reach.host_ports import HostPorts
from reachaudit.reach.identity import Identity
from reachaudit.reach.judge import Judge
from reachaudit.reach.outside import Outside, is_routed
from reachaudit.reach.party import Party, together
from reachaudit.reach.ports import position
from reachaudit.reach.proxies import Proxies
from reachaudit.reach.rewrites import Rewrites
from reachaudit.reach.services import Backend, Only, PortKey, Services, anything, on, usable
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
    wherever,
)
from reachaudit.settings import Assumptions


class _Door(NamedTuple):
    """A node at which a node port can be dialled. `kind`: what else may matter than its address."""

    node: str
    party: Party
    kind: Hashable


class Paths:
    """Judges whole paths, from a client to what it dials."""

    def __init__(
        self, judge: Judge, services: Services, outside: Outside, assumptions: Assumptions
    ) -> None:
        self.judge, self.services, self.outside = judge, services, outside
        self._identity: Identity = judge.identity
        self.assumptions = assumptions
        self.rewrites = Rewrites(judge)
        self._doors: Table[PortKey, list[_Door]] = Table(judge.identity.graph, self._find_doors)
        self.host_ports = HostPorts(judge.identity)
        self.proxies = Proxies(outside, self.rewrites)

    def to_party(self, client: Party, target: Party, port: int) -> PathVerdict:
        """A client dials a pod, a node or an address by itself; `port` is on the line."""
        pod = target.pod
        inside = pod is not None and not pod.host_network
        routed = client.node or is_routed(self.assumptions.pod_range_routed, client.address)
        if inside and not routed:
            return no_path("pod addresses are not routed from outside", "EXT-12")
        if self.outside.nobody(client) or self.outside.nobody(target):
            return no_path("no pod or node has this address", "EXT-1")
        return direct(self.judge.connection(client, target, port))

    def to_frontend(
        self, client: Party, frontend: Frontend, entry: str = "", only: Only = anything
    ) -> PathVerdict:
        """A client dials a Service where it listens.

        `entry` is the node whose address is dialled, for node ports. `only` limits the endpoints
        looked at, as when a workload's own exposure is asked for.
        """
        service, family = frontend.service, frontend.family
        if client.address.family != family:
            return no_path("the Service does not listen in this family", "SVC-20")
        if service.other_proxy:
            return unknown(Reason.OTHER_PROXY, "another proxy serves this Service", "SVC-10")
        backends = self.services.backends(service, frontend.port, family, only)
        if frontend.kind == "ClusterIP":
            return self._cluster_ip(client, frontend, backends)
        if frontend.kind == "ExternalIP" and not self.assumptions.external_ips_programmed:
            return no_path("kube-proxy programs no externalIPs", "SVC-38")
        if not usable(backends):
            return no_path("no usable endpoints", "SVC-14")
        if frontend.kind == "LoadBalancer":
            return self._balancer(client, frontend, backends)
        if frontend.kind == "ExternalIP":
            if not client.node:
                return self.rewrites.entered(client, frontend, backends)
            return self.rewrites.at(client, frontend, backends, client.node)
        if not self.rewrites.listens(entry, family):
            return no_path(f"node {entry} has no {family} address", "SVC-25")
        return self.rewrites.at(client, frontend, backends, entry)

    def to_any_node(self, client: Party, frontend: Frontend, only: Only = anything) -> PathVerdict:
        """A client outside dials a node port on the node that suits it best."""
        found = self._identity.telling.answers(
            self._doors[PortKey(frontend.service.ref, frontend.port, frontend.family)],
            lambda door: self.to_frontend(client, frontend, door.node, only),
            attrgetter("party"),
            attrgetter("kind"),
        )
        return client_chooses(path for _, path in found)

    def to_some_node(self, client: Party, frontend: Frontend) -> PathVerdict:
        """A client dials a node port by a name that leads to nodes: which one is not its choice.

        Nodes without an endpoint under externalTrafficPolicy Local are not counted: whoever picks
        nodes by their health leaves them out (SVC-28).
        """
        backends = self.services.backends(frontend.service, frontend.port, frontend.family)
        hosts = {backend.node for backend in usable(backends)}
        local = frontend.service.external_local
        doors = self._doors[PortKey(frontend.service.ref, frontend.port, frontend.family)]
        nodes = [door.node for door in doors if door.node in hosts or not local]
        return network_chooses(self.to_frontend(client, frontend, node) for node in nodes)

    def _find_doors(self, key: PortKey) -> list[_Door]:
        """The nodes whose node port can differ: two of each kind.

        Nodes are of a kind if their addresses look alike to policies and the endpoints on them are
        of the same classes.
        """
        hosted: dict[str, set[int | None]] = {}
        for backend in self.services.of(key):
            hosted.setdefault(backend.node, set()).add(backend.party.number)
        found = dict.fromkeys(self.rewrites.entry_nodes(key.family))
        kinds: dict[tuple[frozenset[int], frozenset[int | None]], int] = {}
        for name, classes in hosted.items():
            parties = self.rewrites.node_parties(name, key.family)
            kind = frozenset(map(self._identity.signature, parties)), frozenset(classes)
            kinds[kind] = kinds.get(kind, 0) + 1
            if parties and kinds[kind] <= 2:
                found[name] = None
        return [self._door(name, key.family, hosted.get(name, set())) for name in found]

    def _door(self, node: str, family: Family, hosted: set[int | None]) -> _Door:
        """A node, which may be told by the first of its addresses where it has but one."""
        first, *others = self.rewrites.node_parties(node, family)
        return _Door(node, first, (node if others else "", frozenset(hosted)))

    def to_host_port(
        self,
        client: Party,
        pod: Pod,
        port: ContainerPort,
        family: Family,
        address: Address | None = None,
    ) -> PathVerdict:
        """A client dials a pod's host port on the pod's node; its address is kept (SVC-40).

        `address` is the node's that is dialled; any of its addresses where that is left open.
        """
        bound = port.host_address if port.host_address and port.host_address.value else None
        own = [
            party
            for party in self.rewrites.node_parties(pod.node, family)
            if bound in (None, party.address) or not party.address.placed
            if address in (None, party.address)
        ]
        if not own:
            return no_path("no address of the node has this host port", "SVC-40")
        return network_chooses(
            self._by_host_port(client, target, own[0], port)
            for target in self._identity.pod_parties(pod, family)
        )

    def _by_host_port(
        self, client: Party, target: Party, node: Party, port: ContainerPort
    ) -> PathVerdict:
        at = position(port.protocol, port.number)
        if client.is_pod(target):
            return direct(self.judge.hairpin(client, at, by_service=False))
        hop = self.judge.connection(client, target, at)
        own = together(client.node, node.node)
        if not client.node or own:
            return direct(hop)
        dialled = position(port.protocol, port.host_port)
        by_other = direct(self.rewrites.by_other_node(hop, client, node, dialled))
        return by_other if own is False else wherever((direct(hop), by_other))

    def transparent(self, frontend: Frontend) -> bool:
        """Whether packets from outside arrive at nodes with a frontend's address still on (SVC-32).

        How a load balancer of a class sends them on is unknown, unless its user knows (SVC-33).
        """
        known = not frontend.service.balancer_class or self.assumptions.classed_balancers == "vip"
        return frontend.kind != "LoadBalancer" or (frontend.vip and known)

    def to_endpoints(self, client: Party, backends: Iterable[Backend], port: int) -> PathVerdict:
        """A client dials the endpoints themselves, all at one port, as DNS gives them (SVC-16)."""
        return network_chooses(self.to_party(client, backend.party, port) for backend in backends)

    def _cluster_ip(
        self, client: Party, frontend: Frontend, backends: list[Backend]
    ) -> PathVerdict:
        if not client.node:
            if not is_routed(self.assumptions.service_range_routed, client.address):
                return no_path("Service addresses are not routed from outside", "SVC-23")
            return self.rewrites.entered(client, frontend, backends)
        if not frontend.service.internal_local:
            nowhere = no_path("no usable endpoints", "SVC-14")
            return self._to_any(client, frontend, backends, nowhere)
        none = no_path("no usable endpoint on the client's node", "SVC-24")
        groups = on(client.node, backends)
        return wherever(self._to_any(client, frontend, group, none) for group in groups)

    def _to_any(
        self, client: Party, frontend: Frontend, backends: list[Backend], none: PathVerdict
    ) -> PathVerdict:
        """To the usable ones of some endpoints; `none` says what it means that there are none."""
        found = usable(backends)
        if not found:
            return none
        way = partial(self.rewrites.way, client, client, frontend)
        return network_chooses(self.rewrites.each(client, found, (client.node,), way))

    def _balancer(self, client: Party, frontend: Frontend, backends: list[Backend]) -> PathVerdict:
        service = frontend.service
        if frontend.failed and not (client.node and frontend.vip):
            return no_path("the load balancer's provider could not open this port", "SVC-31")
        transparent = self.transparent(frontend)
        enforced = frontend.vip if client.node else transparent
        listed = self._allows(service.source_ranges, client) if enforced else True
        if listed is None:
            note = "whether its source ranges hold the client"
            return unknown(Reason.NO_ADDRESS, note, "SVC-35")
        if not listed:  # SVC-35: also for pods and nodes
            note = "loadBalancerSourceRanges do not hold the client"
            return PathVerdict(Outcome.DENY, note=note)
        if client.node and frontend.vip:
            return self.rewrites.at(client, frontend, backends, client.node)
        if transparent:
            path = self.rewrites.entered(client, frontend, backends)
        else:
            port = position(frontend.port.protocol, frontend.number)
            out = self.proxies.to(client, [Balancer(frontend.address, frontend.hostname)], port)
            path = in_sequence(out, self.proxies.to_node_ports(frontend, backends))
        if path.outcome not in (Outcome.ALLOW, Outcome.PARTIAL):
            return path
        if service.balancer_error:
            return unknown(Reason.PROVIDER, "its provider could not open some port", "SVC-31")
        if not self._allows(service.provider_ranges, client):
            note = "its source ranges are the provider's to heed"
            return unknown(Reason.PROVIDER, note, "SVC-35")
        return path

    def _allows(self, ranges: Iterable[Block], client: Party) -> bool | None:
        """Whether source ranges let a client in; none of its family is no limit (SVC-36).

        None where its address is not known.
        """
        own = [block for block in ranges if block.family == client.address.family]
        for block in own:
            self._identity.telling.looks_for(client, self._identity.signatures.inside(block))
        if not own or any(block == everything(block.family) for block in own):
            return True
        placed = client.address.placed
        return any(block.holds(client.address) for block in own) if placed else None
