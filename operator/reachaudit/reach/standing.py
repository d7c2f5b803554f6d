"""Standing: a pod, a node or an address as a destination."""

from collections.abc import Iterator
from dataclasses import dataclass

from reachaudit.model.facts import Service
from reachaudit.model.ip import Family
from reachaudit.reach.destinations import at, edges, host_ports, services_of
from reachaudit.reach.frontends import Frontend
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span, position, protocol_and_number, spans_between
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.resolve import by_address
from reachaudit.reach.spots import Spot
from reachaudit.reach.verdict import PathVerdict, direct, no_path


@dataclass(frozen=True, slots=True)
class Standing:
    """A pod, a node or an address, dialled by its address. A node is dialled at its first one."""

    spot: Spot

    def ask(self, reach: Reachability, client: Party, port: int | None) -> PathVerdict:
        """Services take what is sent to their addresses and node ports before anybody else."""
        targets = self.spot.parties(reach)[:1]
        if not targets:
            return no_path("nobody is there", "NP-49")
        if port is None:
            return _other_protocol(reach, client, targets[0])
        (target,) = targets
        if not target.address.placed:
            return reach.paths.to_party(client, target, port)
        protocol, number = protocol_and_number(port)
        return by_address(reach.paths, client, target.address, number, protocol, target)

    def spans(self, reach: Reachability, client: Party) -> list[Span]:
        """All ports, cut where a policy of either end, or a Service, makes a difference."""
        found = list[int]()
        for target in self.spot.parties(reach)[:1]:
            found += edges(reach, client, target)
            found += [edge for f in _listening(reach, target) for edge in (at(f), at(f) + 1)]
            own_ports = host_ports(reach, target.node) if target.root else {}
            found += [edge for port in own_ports for edge in (port, port + 1)]
        return spans_between(found)

    def services(self, reach: Reachability, port: int | None) -> list[Service]:
        """Those that listen at the address or at the node."""
        targets = self.spot.parties(reach)[:1]
        found = [f for target in targets for f in _listening(reach, target) if at(f) == port]
        return services_of(found)

    def families(self, _reach: Reachability) -> frozenset[Family]:
        """Its own."""
        return frozenset({self.spot.family})


def _listening(reach: Reachability, target: Party) -> Iterator[Frontend]:
    """The frontends at an address; all node ports, where it is a node's."""
    yield from reach.services.at(target.address)
    if target.root:
        yield from reach.services.on_nodes(target.address.family)


def _other_protocol(reach: Reachability, client: Party, target: Party) -> PathVerdict:
    path = reach.paths.to_party(client, target, position("TCP", 1))
    if not path.ways:
        return path
    return direct(reach.judge.other_protocol(client, target))
