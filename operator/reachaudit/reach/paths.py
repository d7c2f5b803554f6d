"""Paths to pods and through Services: which rewrites lie on the way, and what each policy sees.

Measured packets decide the source that an endpoint's policy sees (J): packets are filtered before
the source is rewritten, so an endpoint on the node where traffic enters sees the client, and one on
another node sees the entry node (EXT-9).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reachaudit.model.facts import Balancer, ContainerPort, Pod, Protocol
from reachaudit.model.ip import Block, Family
from reachaudit.reach.identity import Identity
from reachaudit.reach.judge import Judge
from reachaudit.reach.outside import Outside, allows
from reachaudit.reach.party import Party
from reachaudit.reach.ports import position
from reachaudit.reach.services import Backend, Frontend, Services, usable
from reachaudit.reach.verdict import (
    PASSES,
    Judgement,
    Outcome,
    PathVerdict,
    Reason,
    client_chooses,
    direct,
    in_sequence,
    network_chooses,
    no_path,
    one_of,
    unknown,
)

Only = Callable[[Backend], bool]


def anything(_: Backend) -> bool:
    """All endpoints."""
    return True


class Paths:
    """Judges whole paths, from a client to what it dials."""

    def __init__(
        self, judge: Judge, services: Services, outside: Outside, *, pod_range_routed: bool
    ) -> None:
        self.judge, self.services, self.outside = judge, services, outside
        self._identity: Identity = judge.identity
        self.pod_range_routed = pod_range_routed
        self._entries: dict[Family, list[str]] = {}

    def to_party(self, client: Party, target: Party, port: int) -> PathVerdict:
        """A client dials a pod, a node or an address by itself; `port` is on the line."""
        pod = target.pod
        inside = pod is not None and not pod.host_network
        if inside and not client.node and not self.pod_range_routed:  # EXT-12
            return no_path("pod addresses are not routed from outside")
        if self.outside.nobody(client) or self.outside.nobody(target):
            return no_path("no pod or node has this address")
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
            return no_path("the Service does not listen in this family")  # SVC-20
        if service.other_proxy:  # SVC-10
            return unknown(Reason.OTHER_PROXY, "another proxy serves this Service")
        backends = self.services.backends(service, frontend.port, family)
        backends = [backend for backend in backends if only(backend)]
        if frontend.kind == "ClusterIP":
            return self._cluster_ip(client, frontend, backends)
        if not usable(backends):
            return no_path("no usable endpoints")  # SVC-14
        if frontend.kind == "LoadBalancer":
            return self._balancer(client, frontend, backends)
        if frontend.kind == "ExternalIP":
            if not client.node:
                return self._entered(client, frontend, backends)
            return self._at(client, frontend, backends, client.node)
        if not self._listens(entry, family):
            return no_path(f"node {entry} has no {family} address")
        return self._at(client, frontend, backends, entry)

    def to_any_node(self, client: Party, frontend: Frontend, only: Only = anything) -> PathVerdict:
        """A client outside dials a node port on the node that suits it best."""
        return client_chooses(
            self.to_frontend(client, frontend, node, only) for node in self._doors(frontend)
        )

    def to_some_node(self, client: Party, frontend: Frontend) -> PathVerdict:
        """A client dials a node port by a name that leads to nodes: which one is not its choice.

        Nodes without an endpoint under externalTrafficPolicy Local are not counted: whoever picks
        nodes by their health leaves them out (SVC-28).
        """
        backends = self.services.backends(frontend.service, frontend.port, frontend.family)
        hosts = {backend.node for backend in usable(backends)}
        local = frontend.service.external_local
        nodes = [n for n in self._doors(frontend) if n in hosts or not local]
        return network_chooses(self.to_frontend(client, frontend, node) for node in nodes)

    def _doors(self, frontend: Frontend) -> list[str]:
        """The nodes whose node port can differ: two of each kind.

        Nodes are of a kind if their addresses look alike to policies and the endpoints on them are
        of the same classes.
        """
        hosted: dict[str, set[int | None]] = {}
        for backend in self.services.backends(frontend.service, frontend.port, frontend.family):
            hosted.setdefault(backend.node, set()).add(self.party(backend).number)
        found = dict.fromkeys(self._entry_nodes(frontend.family))
        kinds: dict[tuple[frozenset[int], frozenset[int | None]], int] = {}
        for name, classes in hosted.items():
            node = self._identity.nodes.get(name)
            parties = self._identity.node_parties(node, frontend.family) if node else []
            kind = frozenset(p.signature for p in parties), frozenset(classes)
            kinds[kind] = kinds.get(kind, 0) + 1
            if parties and kinds[kind] <= 2:
                found[name] = None
        return list(found)

    def to_host_port(
        self, client: Party, pod: Pod, port: ContainerPort, family: Family
    ) -> PathVerdict:
        """A client dials a pod's host port on the pod's node; its address is kept (SVC-40)."""
        node = self._identity.nodes.get(pod.node)
        own = self._identity.node_parties(node, family) if node else []
        if port.host_address is not None and port.host_address.value:
            own = [party for party in own if party.address == port.host_address]
        if not own:
            return no_path("no address of the node has this host port")
        ways = []
        for target in self._identity.pod_parties(pod, family):
            at = position(port.protocol, port.number)
            if client.is_pod(target):
                ways.append(direct(self.judge.hairpin(client, at)))
                continue
            way = self.judge.connection(client, target, at)
            if client.node and client.node != pod.node:  # rewritten there, not here (SVC-41)
                dialled = position(port.protocol, port.host_port)
                out = self.judge.connection(client, own[0], dialled)
                way = replace(way, egress=out.egress, reason=out.reason or way.reason)
            ways.append(direct(way))
        return network_chooses(ways)

    def to_endpoints(self, client: Party, backends: Iterable[Backend], port: int) -> PathVerdict:
        """A client dials the endpoints themselves, all at one port, as DNS gives them (SVC-16)."""
        return network_chooses(self.to_party(client, self.party(b), port) for b in backends)

    def party(self, backend: Backend) -> Party:
        """Who an endpoint is."""
        return self._identity.endpoint(backend.address, backend.pod)

    def from_proxy(self, frontend: Frontend, only: Only = anything) -> PathVerdict:
        """A load balancer outside dials a node port: its own address is not known (EXT-10)."""
        backends = self.services.backends(frontend.service, frontend.port, frontend.family)
        backends = [backend for backend in backends if only(backend)]
        if not usable(backends):
            return no_path("no usable endpoints")
        return self._from_proxy(frontend, backends)

    def from_proxy_to_pods(
        self, backends: list[Backend], protocol: Protocol, ranges: Sequence[Block] = ()
    ) -> PathVerdict:
        """A load balancer outside dials pods (ING-20), from ranges that may be known (EXT-14)."""
        if not backends:
            return no_path("no usable endpoints")
        family = backends[0].address.family
        clients = self.outside.within(ranges, family) or self.outside.all(family)
        return one_of(
            (
                network_chooses(
                    direct(self.judge.connection(client, self.party(b), position(protocol, b.port)))
                    for b in backends
                )
                for client in clients
            ),
            Reason.SOURCE_NAT,
        )

    def to_balancers(self, client: Party, balancers: Sequence[Balancer], port: int) -> PathVerdict:
        """A client dials load balancers outside; its own egress is all that is judged (EXT-11)."""
        if not client.node:
            return PASSES
        family = client.address.family
        ways = []
        for balancer in balancers:
            if balancer.address is None:  # a name is not resolved: any address outside
                targets = self.outside.all(family)
                ways.append(
                    one_of(
                        (direct(self.judge.connection(client, t, port)) for t in targets),
                        Reason.NAME_RESOLUTION,
                    )
                )
            elif balancer.address.family == family:
                target = self._identity.at(balancer.address)
                ways.append(direct(self.judge.connection(client, target, port)))
        return network_chooses(ways)

    def _cluster_ip(
        self, client: Party, frontend: Frontend, backends: list[Backend]
    ) -> PathVerdict:
        if not client.node:  # SVC-23
            return no_path("Service addresses are not routed from outside")
        local = frontend.service.internal_local  # SVC-24
        found = usable(backends, client.node if local else None)
        if not found:
            return no_path(
                "no usable endpoint on the client's node" if local else "no usable endpoints"
            )
        return network_chooses(self._way(client, client, frontend, b) for b in found)

    def _balancer(self, client: Party, frontend: Frontend, backends: list[Backend]) -> PathVerdict:
        service = frontend.service
        enforced = frontend.vip if client.node else frontend.transparent
        if enforced and not allows(service.source_ranges, client.address):
            return PathVerdict(  # SVC-35: also for pods and nodes
                Outcome.DENY, note="loadBalancerSourceRanges do not hold the client"
            )
        if client.node and frontend.vip:
            return self._at(client, frontend, backends, client.node)
        if frontend.transparent:
            path = self._entered(client, frontend, backends)
        else:
            port = position(frontend.port.protocol, frontend.number)
            out = self.to_balancers(client, [Balancer(frontend.address, frontend.hostname)], port)
            path = in_sequence(out, self._from_proxy(frontend, backends))
        passes = path.outcome in (Outcome.ALLOW, Outcome.PARTIAL)
        if passes and not allows(service.provider_ranges, client.address):
            return unknown(Reason.PROVIDER, "its source ranges are the provider's to heed")
        return path

    def _from_proxy(self, frontend: Frontend, backends: list[Backend]) -> PathVerdict:
        """Whatever address it comes from; and by a node port, other nodes may stand in for it."""
        clients = self.outside.all(frontend.family)
        if not clients:
            return unknown(Reason.SOURCE_NAT)
        return one_of(
            (self._entered(client, frontend, backends) for client in clients), Reason.SOURCE_NAT
        )

    def _entered(self, client: Party, frontend: Frontend, backends: list[Backend]) -> PathVerdict:
        """From outside, at a node that the network chooses."""
        if frontend.service.external_local:  # SVC-28: only nodes with a usable endpoint serve
            nodes = dict.fromkeys(b.node for b in backends if b.node)
            ways = [
                self._way(client, client, frontend, b) for n in nodes for b in usable(backends, n)
            ]
            return network_chooses(ways)
        ways = []
        for backend in usable(backends):
            where = self.party(backend).node
            if where or not self._entry_nodes(frontend.family):
                ways.append(self._way(client, client, frontend, backend))
            for node in self._entry_nodes(frontend.family):
                if node != where:
                    ways.append(self._masqueraded(client, node, frontend, backend))
        return network_chooses(ways)

    def _at(
        self, client: Party, frontend: Frontend, backends: list[Backend], entry: str
    ) -> PathVerdict:
        """At a known entry node: a node port there, or an address captured on the client's node."""
        cluster = usable(backends)
        local = usable(backends, entry)
        if not frontend.service.external_local:  # SVC-27: others see the entry node
            return network_chooses(
                self._way(client, client, frontend, b, entry)
                if self.party(b).node in ("", entry)
                else self._masqueraded(client, entry, frontend, b)
                for b in cluster
            )
        kept = [self._way(client, client, frontend, b, entry) for b in cluster]
        here = [self._way(client, client, frontend, b, entry) for b in local]
        if client.node == entry:  # SVC-29: short-circuited to all endpoints
            return network_chooses(kept)
        outside_in = network_chooses(here) if here else no_path(f"no usable endpoint on {entry}")
        if client.pod is None or client.pod.host_network:  # from outside, or from another node
            return outside_in
        # A pod of another node: whether its own kind of traffic is recognised there depends on
        # how kube-proxy detects local traffic.
        return one_of((network_chooses(kept), outside_in), Reason.IMPLEMENTATION)

    def _masqueraded(
        self, client: Party, entry: str, frontend: Frontend, backend: Backend
    ) -> PathVerdict:
        """An endpoint on another node sees the entry node, at one of its addresses (EXT-5)."""
        node = self._identity.nodes.get(entry)
        seen = self._identity.node_parties(node, frontend.family) if node else []
        if not seen:
            return unknown(Reason.NODE_ADDRESS, f"node {entry} has no {frontend.family} address")
        ways = (self._way(client, party, frontend, backend, entry) for party in seen)
        return one_of(ways, Reason.NODE_ADDRESS)

    def _way(
        self, client: Party, seen: Party, frontend: Frontend, backend: Backend, entry: str = ""
    ) -> PathVerdict:
        """One endpoint, with the source that its policy sees."""
        target = self.party(backend)
        port = position(frontend.port.protocol, backend.port)
        if seen.is_pod(target):
            return direct(self.judge.hairpin(client, port))
        if entry and frontend.kind == "NodePort" and client.node and entry != client.node:
            return direct(self._through_other_node(client, seen, frontend, target, port, entry))
        return direct(self.judge.rewritten(client, seen, target, port))

    def _through_other_node(
        self, client: Party, seen: Party, frontend: Frontend, target: Party, port: int, entry: str
    ) -> Judgement:
        """The client's egress sees the other node and its node port (SVC-41)."""
        node = self._identity.nodes[entry]
        dialled = position(frontend.port.protocol, frontend.number)
        first = self._identity.node_parties(node, frontend.family)[0]
        out = self.judge.connection(client, first, dialled)
        into = self.judge.rewritten(seen, seen, target, port)
        return replace(into, source=client, egress=out.egress, reason=out.reason or into.reason)

    def _listens(self, entry: str, family: Family) -> bool:
        node = self._identity.nodes.get(entry)
        return node is not None and bool(self._identity.node_parties(node, family))

    def _entry_nodes(self, family: Family) -> list[str]:
        """Nodes by which traffic may enter: two stand for all whose addresses look alike.

        One would do, were it not that an endpoint's own node is never an entry to it from afar.
        """
        if family not in self._entries:
            found: dict[frozenset[int], list[str]] = {}
            for node in self._identity.nodes.values():
                parties = self._identity.node_parties(node, family)
                alike = found.setdefault(frozenset(p.signature for p in parties), [])
                alike += [node.name] if parties and len(alike) < 2 else []
            self._entries[family] = [name for names in found.values() for name in names]
        return self._entries[family]
