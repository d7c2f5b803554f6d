"""Rewrites: from the node where traffic enters a Service to an endpoint, and who is seen there.

Measured packets decide the source that an endpoint's policy sees (J): packets are filtered before
the source is rewritten, so an endpoint on the node where traffic enters sees the client, and one on
another node sees the entry node (EXT-9).
"""

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import TypeVar

from msgspec.structs import replace

from reachaudit.model.facts import SOME_NODE, SOME_PORT
from reachaudit.model.ip import UNPLACED, Address, Family
from reachaudit.reach.frontends import Frontend
from reachaudit.reach.judge import Judge
from reachaudit.reach.party import Party, together
from reachaudit.reach.ports import position
from reachaudit.reach.services import Backend, on, usable
from reachaudit.reach.telling import kind
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

T = TypeVar("T")
NODE_PORTS = (30000, 32767)  # SVC-26: a cluster gives them from this range


class Rewrites:
    """Judges the ways from an entry to the endpoints behind one frontend."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._identity = judge.identity

    def entered(self, client: Party, frontend: Frontend, backends: list[Backend]) -> PathVerdict:
        """From outside, at a node that the network chooses."""
        inner = frontend.kind == "ClusterIP"  # routed to the nodes: any of them may get it (SVC-23)
        if frontend.service.internal_local if inner else frontend.service.external_local:
            return self._entered_local(client, frontend, backends, dropping=inner)
        entries = self.entry_nodes(frontend.family)
        at_any = partial(self._at_any, client, frontend, entries)
        found = self.each(client, usable(backends), entries, at_any)
        return network_chooses(way for ways in found for way in ways)

    def _at_any(
        self, client: Party, frontend: Frontend, entries: Sequence[str], backend: Backend
    ) -> list[PathVerdict]:
        """By the endpoint's own node, which needs no rewriting, and by all others."""
        where = backend.party.node
        kept = [self.way(client, client, frontend, backend)] if where or not entries else []
        others = [node for node in entries if not together(node, where)]
        seen = {node: self.node_parties(node, frontend.family) for node in others}
        found = self._identity.telling.answers(
            others,
            lambda node: self._masqueraded(client, node, frontend, backend),
            lambda node: seen[node][0],
            lambda node: len(seen[node]) == 1 or node,
        )
        return kept + [way for _, way in found]

    def each(
        self,
        client: Party,
        backends: Iterable[Backend],
        nodes: Container[str],
        question: Callable[[Backend], T],
    ) -> Iterator[T]:
        """Answers about endpoints, one for each group that fares alike.

        It may matter that one is on `nodes`, and that one is the client itself.
        """

        def tell(backend: Backend) -> Hashable:
            target = backend.party
            known = target.node in nodes or target.node == SOME_NODE
            where = target.node if known else bool(target.node)
            return kind(target), backend.port, where, client.is_pod(target)

        found = self._identity.telling.answers(backends, question, attrgetter("party"), tell)
        return (answer for _, answer in found)

    def _entered_local(
        self, client: Party, frontend: Frontend, backends: list[Backend], *, dropping: bool
    ) -> PathVerdict:
        """At a node that serves by its own endpoints only (SVC-24, SVC-28).

        `dropping`: it may also be one that has none; load balancers leave those out.
        """
        here = {n: usable(backends, n) for n in dict.fromkeys(b.node for b in backends if b.node)}
        way = partial(self.way, client, client, frontend)
        ways = list(self.each(client, (b for own in here.values() for b in own), (), way))
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
        near, found = {entry, client.node}, usable(backends)
        if not frontend.service.external_local:  # SVC-27: others see the entry node
            through = partial(self._through, client, frontend, entry)
            return network_chooses(self.each(client, found, near, through))
        way = partial(self.way, client, client, frontend, entry=entry)
        kept = network_chooses(self.each(client, found, near, way))
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
        self, client: Party, frontend: Frontend, entry: str, backend: Backend
    ) -> PathVerdict:
        """By a node to an endpoint on it, or on another, which sees the entry node (SVC-27)."""
        where = backend.party.node
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
        way = partial(self.way, client, client, frontend, entry=entry)
        return wherever(
            network_chooses(self.each(client, usable(group), near, way))
            if usable(group)
            else no_path(f"no usable endpoint on {entry}", "SVC-28")
            for group in groups
        )

    def way(
        self, client: Party, seen: Party, frontend: Frontend, backend: Backend, entry: str = ""
    ) -> PathVerdict:
        """One endpoint, with the source that its policy sees."""
        target = backend.party
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
