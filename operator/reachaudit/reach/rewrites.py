"""Rewrites: from the node where traffic enters a Service to an endpoint, and who is seen there.

Measured packets decide the source that an endpoint's policy sees (J): packets are filtered before
the source is rewritten, so an endpoint on the node where traffic enters sees the client, and one on
another node sees the entry node (EXT-9).
"""

from collections.abc import Container, Hashable, Iterable
from dataclasses import replace

from reachaudit.model.facts import SOME_NODE, SOME_PORT
from reachaudit.model.ip import UNPLACED, Address, Family
from reachaudit.reach.judge import Judge
from reachaudit.reach.party import Party, together
from reachaudit.reach.ports import position
from reachaudit.reach.services import Backend, Frontend, on, usable
from reachaudit.reach.verdict import (
    Judgement,
    PathVerdict,
    Reason,
    direct,
    network_chooses,
    no_path,
    one_of,
    unknown,
    wherever,
)

NODE_PORTS = (30000, 32767)  # SVC-26: a cluster gives them from this range


class Rewrites:
    """Judges the ways from an entry to the endpoints behind one frontend."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._identity = judge.identity

    def party(self, backend: Backend) -> Party:
        """Who an endpoint is."""
        return self._identity.endpoint(backend.address, backend.pod)

    def entered(self, client: Party, frontend: Frontend, backends: list[Backend]) -> PathVerdict:
        """From outside, at a node that the network chooses."""
        inner = frontend.kind == "ClusterIP"  # routed to the nodes: any of them may get it (SVC-23)
        if frontend.service.internal_local if inner else frontend.service.external_local:
            return self._entered_local(client, frontend, backends, dropping=inner)
        ways, entries = list[PathVerdict](), self.entry_nodes(frontend.family)
        for backend in self.kinds(client, usable(backends), entries):
            where = self.party(backend).node
            if where or not entries:
                ways.append(self.way(client, client, frontend, backend))
            ways += [
                self._masqueraded(client, node, frontend, backend)
                for node in entries
                if not together(node, where)
            ]
        return network_chooses(ways)

    def kinds(
        self, client: Party, backends: Iterable[Backend], nodes: Container[str]
    ) -> list[Backend]:
        """One of each kind of endpoints that fare alike; it may matter that one is on `nodes`."""
        found: dict[tuple[Hashable, ...], Backend] = {}
        for backend in backends:
            target = self.party(backend)
            known = target.node in nodes or target.node == SOME_NODE
            where = target.node if known else bool(target.node)
            alike = self._identity.alike_to_policies(target)
            found.setdefault((alike, backend.port, where, client.is_pod(target)), backend)
        return list(found.values())

    def _entered_local(
        self, client: Party, frontend: Frontend, backends: list[Backend], *, dropping: bool
    ) -> PathVerdict:
        """At a node that serves by its own endpoints only (SVC-24, SVC-28).

        `dropping`: it may also be one that has none; load balancers leave those out.
        """
        here = {n: usable(backends, n) for n in dict.fromkeys(b.node for b in backends if b.node)}
        served = self.kinds(client, (b for own in here.values() for b in own), ())
        ways = [self.way(client, client, frontend, backend) for backend in served]
        served_by_all = network_chooses(ways)
        if not dropping:
            return served_by_all
        none = no_path("no usable endpoint on the node that is entered", "SVC-24")
        served_by_some = network_chooses([*ways, none])
        if here.get(SOME_NODE):
            return wherever((served_by_all, served_by_some))
        return served_by_all if all(map(here.get, self._identity.nodes)) else served_by_some

    def at(
        self, client: Party, frontend: Frontend, backends: list[Backend], entry: str
    ) -> PathVerdict:
        """At a known entry node: a node port there, or an address captured on the client's node."""
        near = {entry, client.node}
        cluster = self.kinds(client, usable(backends), near)
        if not frontend.service.external_local:  # SVC-27: others see the entry node
            return network_chooses(self._through(client, frontend, b, entry) for b in cluster)
        kept = network_chooses(self.way(client, client, frontend, b, entry) for b in cluster)
        own = frontend.kind != "NodePort" or together(client.node, entry)
        if client.node and own:  # SVC-29: short-circuited to all endpoints
            return kept
        outside_in = self._local(client, frontend, backends, entry)
        if client.node and client.pod and not client.pod.host_network:
            # A pod of another node: whether its own kind of traffic is recognised there depends on
            # how kube-proxy detects local traffic.
            return one_of((kept, outside_in), Reason.IMPLEMENTATION)
        if client.node and own is None:
            return wherever((kept, outside_in))
        return outside_in  # from outside, or from another node

    def _through(
        self, client: Party, frontend: Frontend, backend: Backend, entry: str
    ) -> PathVerdict:
        """By a node to an endpoint on it, or on another, which sees the entry node (SVC-27)."""
        where = self.party(backend).node
        here = together(where, entry) if where else True
        if here:
            return self.way(client, client, frontend, backend, entry)
        masqueraded = self._masqueraded(client, entry, frontend, backend)
        if here is False:
            return masqueraded
        kept = self.way(client, client, frontend, backend, entry)
        return wherever((kept, masqueraded))

    def _local(
        self, client: Party, frontend: Frontend, backends: list[Backend], entry: str
    ) -> PathVerdict:
        """By a node to the endpoints on it alone (SVC-28).

        A client outside that dials some node may well take one that has an endpoint.
        """
        near = {entry, client.node}
        groups = [backends] if entry == SOME_NODE and not client.node else on(entry, backends)
        return wherever(
            network_chooses(
                self.way(client, client, frontend, b, entry)
                for b in self.kinds(client, usable(group), near)
            )
            if usable(group)
            else no_path(f"no usable endpoint on {entry}", "SVC-28")
            for group in groups
        )

    def way(
        self, client: Party, seen: Party, frontend: Frontend, backend: Backend, entry: str = ""
    ) -> PathVerdict:
        """One endpoint, with the source that its policy sees."""
        target = self.party(backend)
        port = position(frontend.port.protocol, backend.port)
        if seen.is_pod(target):
            return direct(self.judge.hairpin(client, port))
        if seen is not client and target.node == SOME_NODE:  # masqueraded: it is on another
            target = replace(target, node="")
        path = direct(self.judge.rewritten(client, seen, target, port))
        own = together(entry, client.node)
        if not entry or frontend.kind != "NodePort" or not client.node or own:
            return path
        by_other = self._by_node_port(client, seen, target, port, frontend, entry)
        return by_other if own is False else wherever((path, by_other))

    def _by_node_port(
        self, client: Party, seen: Party, target: Party, port: int, frontend: Frontend, entry: str
    ) -> PathVerdict:
        """By another node, whichever of the ports that may be given it has."""
        node = self._dialled_node(entry, frontend)
        hop = self.judge.rewritten(seen, seen, target, port)
        ports = self._ports(client, frontend)
        ways = (direct(self.by_other_node(hop, client, node, dialled)) for dialled in ports)
        return one_of(ways, Reason.NO_PORT)

    def _ports(self, client: Party, frontend: Frontend) -> list[int]:
        """A node port on the line; where it is not known, one of each kind to a client's egress."""
        protocol = frontend.port.protocol
        if frontend.number != SOME_PORT:
            return [position(protocol, frontend.number)]
        first, last = (position(protocol, number) for number in NODE_PORTS)
        row = self.judge.egress.of(client.number).row if client.number is not None else ()
        edges = {edge for cell in row for edge in (cell.span.first, cell.span.last + 1)}
        return [first, *sorted(edge for edge in edges if first < edge <= last)]

    def _dialled_node(self, name: str, frontend: Frontend) -> Party:
        """A node at the address by which a node port is dialled; by name, at its first."""
        if frontend.address is not None:
            return self._identity.at(frontend.address)
        return self.node_parties(name, frontend.family)[0]

    def _masqueraded(
        self, client: Party, entry: str, frontend: Frontend, backend: Backend
    ) -> PathVerdict:
        """An endpoint on another node sees the entry node, at one of its addresses (EXT-5)."""
        seen = self.node_parties(entry, frontend.family)
        if not seen:
            note = f"node {entry} has no {frontend.family} address"
            return unknown(Reason.NODE_ADDRESS, note, "EXT-5")
        ways = (self.way(client, party, frontend, backend, entry) for party in seen)
        return one_of(ways, Reason.NODE_ADDRESS)

    def by_other_node(self, hop: Judgement, client: Party, node: Party, dialled: int) -> Judgement:
        """A hop that is rewritten on another node: the client's egress sees that node (SVC-41)."""
        out = self.judge.connection(client, node, dialled)
        reason = out.reason or hop.reason
        sent = node, dialled
        return replace(hop, source=client, egress=out.egress, reason=reason, dialled=sent)

    def listens(self, entry: str, family: Family) -> bool:
        """Whether a node has an address of a family, to be dialled."""
        return bool(self.node_parties(entry, family))

    def node_parties(self, name: str, family: Family) -> list[Party]:
        """A node at each of its addresses; one that is not known at some address."""
        node = self._identity.nodes.get(name)
        if node is not None:
            return self._identity.node_parties(node, family)
        if name != SOME_NODE or not self.entry_nodes(family):
            return []
        address = Address(family, UNPLACED)
        return [Party(address, node=name, root=True)]

    def entry_nodes(self, family: Family) -> list[str]:
        """Nodes by which traffic may enter: two stand for all whose addresses look alike.

        One would do, were it not that an endpoint's own node is never an entry to it from afar.
        """
        return self._identity.alike_nodes(family)
