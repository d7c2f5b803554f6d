"""Destinations: what a client may be asked to reach, each with the path that its packets take."""

from collections.abc import Iterable
from typing import Protocol as Interface

from reachaudit.model.facts import SOME_PORT, ContainerPort, Pod, Service
from reachaudit.model.ip import FAMILIES, Family
from reachaudit.reach.frontends import Frontend
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span, position
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import PathVerdict

ANY_FAMILY: frozenset[Family] = frozenset(FAMILIES)


class Destination(Interface):
    """What is reached. Ports are on the line; None stands for protocols without ports."""

    def ask(self, reach: Reachability, client: Party, port: int | None) -> PathVerdict:
        """What becomes of a connection of a client to a port."""
        ...

    def spans(self, reach: Reachability, client: Party) -> list[Span]:
        """Spans of ports on each of which all ports fare alike; others are not served at all."""
        ...

    def services(self, reach: Reachability, port: int | None) -> list[Service]:
        """The Services that stand in the way to a port."""
        ...

    def families(self, reach: Reachability) -> frozenset[Family]:
        """The families in which it can be dialled at all."""
        ...


def edges(reach: Reachability, client: Party, target: Party) -> list[int]:
    """The ports at which a policy of either end may begin to say something else."""
    rows = []
    if client.number is not None:
        rows.append(reach.judge.egress.of(client.number).row)
    if target.number is not None:
        rows.append(reach.judge.ingress.of(target.number).row)
    return [edge for row in rows for c in row for edge in (c.span.first, c.span.last + 1)]


def host_ports(reach: Reachability, node: str) -> dict[int, list[tuple[Pod, ContainerPort]]]:
    """The host ports of the pods on a node (SVC-40)."""
    found: dict[int, list[tuple[Pod, ContainerPort]]] = {}
    for pod, port in reach.paths.host_ports.on(node):
        found.setdefault(position(port.protocol, port.host_port), []).append((pod, port))
    return found


def by_host_ports(reach: Reachability, client: Party, node: str, port: int) -> list[PathVerdict]:
    """What becomes of a client that dials a host port of a node."""
    return [
        reach.paths.to_host_port(client, pod, each, client.address.family)
        for pod, each in host_ports(reach, node).get(port, [])
    ]


def at(frontend: Frontend) -> int:
    """The port on which it listens, on the line; port 0 where a cluster is still to give one."""
    number = 0 if frontend.number == SOME_PORT else frontend.number
    return position(frontend.port.protocol, number)


def services_of(found: Iterable[Frontend]) -> list[Service]:
    """The Services that listen, each once."""
    return list({frontend.service.ref: frontend.service for frontend in found}.values())
