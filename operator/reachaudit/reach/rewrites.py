"""Rewrites: from the node where traffic enters a Service to an endpoint, and who is seen there.

Measured packets decide the source that an endpoint's policy sees (J): packets are filtered before
the source is rewritten, so an endpoint on the node where traffic enters sees the client, and one on
another node sees the entry node (EXT-9).
"""

from collections.abc import Container, Hashable, Iterable
from dataclasses import replace

from reachaudit.model.ip import Family
from reachaudit.reach.judge import Judge
from reachaudit.reach.party import Party
from reachaudit.reach.ports import position
from reachaudit.reach.services import Backend, Frontend, usable
from reachaudit.reach.verdict import (
    Judgement,
    PathVerdict,
    Reason,
    direct,
    network_chooses,
    no_path,
    one_of,
    unknown,
)


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
                if node != where
            ]
        return network_chooses(ways)

    def kinds(
        self, client: Party, backends: Iterable[Backend], nodes: Container[str]
    ) -> list[Backend]:
        """One of each kind of endpoints that fare alike; it may matter that one is on `nodes`."""
        found: dict[tuple[Hashable, ...], Backend] = {}
        for backend in backends:
            target = self.party(backend)
            where = target.node if target.node in nodes else bool(target.node)
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
        if dropping and not all(map(here.get, self._identity.nodes)):
            ways.append(no_path("no usable endpoint on the node that is entered"))
        return network_chooses(ways)

    def at(
        self, client: Party, frontend: Frontend, backends: list[Backend], entry: str
    ) -> PathVerdict:
        """At a known entry node: a node port there, or an address captured on the client's node."""
        near = {entry, client.node}
        cluster = self.kinds(client, usable(backends), near)
        if not frontend.service.external_local:  # SVC-27: others see the entry node
            return network_chooses(
                self.way(client, client, frontend, b, entry)
                if self.party(b).node in ("", entry)
                else self._masqueraded(client, entry, frontend, b)
                for b in cluster
            )
        kept = [self.way(client, client, frontend, b, entry) for b in cluster]
        if client.node == entry:  # SVC-29: short-circuited to all endpoints
            return network_chooses(kept)
        local = self.kinds(client, usable(backends, entry), near)
        here = [self.way(client, client, frontend, b, entry) for b in local]
        outside_in = network_chooses(here) if here else no_path(f"no usable endpoint on {entry}")
        if client.pod is None or client.pod.host_network:  # from outside, or from another node
            return outside_in
        # A pod of another node: whether its own kind of traffic is recognised there depends on
        # how kube-proxy detects local traffic.
        return one_of((network_chooses(kept), outside_in), Reason.IMPLEMENTATION)

    def way(
        self, client: Party, seen: Party, frontend: Frontend, backend: Backend, entry: str = ""
    ) -> PathVerdict:
        """One endpoint, with the source that its policy sees."""
        target = self.party(backend)
        port = position(frontend.port.protocol, backend.port)
        if seen.is_pod(target):
            return direct(self.judge.hairpin(client, port))
        if entry and frontend.kind == "NodePort" and client.node and entry != client.node:
            node = self._dialled_node(entry, frontend)
            hop = self.judge.rewritten(seen, seen, target, port)
            dialled = position(frontend.port.protocol, frontend.number)
            return direct(self.by_other_node(hop, client, node, dialled))
        return direct(self.judge.rewritten(client, seen, target, port))

    def _dialled_node(self, name: str, frontend: Frontend) -> Party:
        """A node at the address by which a node port is dialled; by name, at its first."""
        if frontend.address is not None:
            return self._identity.at(frontend.address)
        return self._identity.node_parties(self._identity.nodes[name], frontend.family)[0]

    def _masqueraded(
        self, client: Party, entry: str, frontend: Frontend, backend: Backend
    ) -> PathVerdict:
        """An endpoint on another node sees the entry node, at one of its addresses (EXT-5)."""
        node = self._identity.nodes.get(entry)
        seen = self._identity.node_parties(node, frontend.family) if node else []
        if not seen:
            return unknown(Reason.NODE_ADDRESS, f"node {entry} has no {frontend.family} address")
        ways = (self.way(client, party, frontend, backend, entry) for party in seen)
        return one_of(ways, Reason.NODE_ADDRESS)

    def by_other_node(self, hop: Judgement, client: Party, node: Party, dialled: int) -> Judgement:
        """A hop that is rewritten on another node: the client's egress sees that node (SVC-41)."""
        out = self.judge.connection(client, node, dialled)
        return replace(hop, source=client, egress=out.egress, reason=out.reason or hop.reason)

    def listens(self, entry: str, family: Family) -> bool:
        """Whether a node has an address of a family, to be dialled."""
        node = self._identity.nodes.get(entry)
        return node is not None and bool(self._identity.node_parties(node, family))

    def entry_nodes(self, family: Family) -> list[str]:
        """Nodes by which traffic may enter: two stand for all whose addresses look alike.

        One would do, were it not that an endpoint's own node is never an entry to it from afar.
        """
        return self._identity.alike_nodes(family)
