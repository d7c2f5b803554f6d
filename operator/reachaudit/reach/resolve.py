"""What a name or an address leads a client to: a Service, a node's port, or who is there."""

from collections.abc import Iterator

from msgspec.structs import replace

from reachaudit.model.facts import SOME_PORT, Protocol, Service
from reachaudit.model.ip import Address
from reachaudit.reach.frontends import frontends
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import position
from reachaudit.reach.rewrites import NODE_PORTS
from reachaudit.reach.services import Services, usable
from reachaudit.reach.verdict import (
    Outcome,
    PathVerdict,
    Reason,
    direct,
    network_chooses,
    no_path,
    one_of,
    unknown,
)

_CLUSTER_DOMAIN = "cluster.local"


def by_address(
    paths: Paths,
    client: Party,
    address: Address,
    port: int,
    protocol: Protocol,
    meant: Party | None = None,
) -> PathVerdict:
    """A client dials an address: what captures its packets comes before who is there (SVC-37).

    `meant`: whom of those who share the address.
    """
    ways = [
        paths.to_frontend(client, frontend)
        for frontend in paths.services.listening(address, port, protocol)
        if frontend.kind != "ExternalIP" or paths.assumptions.external_ips_programmed
    ]
    if ways:  # of several Services with one address and port nobody knows which wins
        return one_of(ways, Reason.IMPLEMENTATION)
    target = paths.judge.identity.at(address)
    if target.root:
        ways = list(_by_node(paths, client, target, port, protocol))
    if ways:
        return one_of(ways, Reason.IMPLEMENTATION)
    plain = paths.to_party(client, meant or target, position(protocol, port))
    if target.root and NODE_PORTS[0] <= port <= NODE_PORTS[1]:
        return one_of((plain, *_given(paths, client, target, protocol)), Reason.NO_PORT)
    return plain


def _given(paths: Paths, client: Party, node: Party, protocol: Protocol) -> Iterator[PathVerdict]:
    """The node ports that a cluster will give, and that may be any."""
    for frontend in paths.services.node_ports(SOME_PORT, protocol, node.address.family):
        yield paths.to_frontend(client, replace(frontend, address=node.address), node.node)


def _by_node(
    paths: Paths, client: Party, node: Party, port: int, protocol: Protocol
) -> Iterator[PathVerdict]:
    """Node ports and host ports at one of a node's addresses (SVC-25, SVC-40)."""
    family = node.address.family
    for frontend in paths.services.node_ports(port, protocol, family):
        yield paths.to_frontend(client, replace(frontend, address=node.address), node.node)
    for pod, each in paths.host_ports.on(node.node):
        if not pod.host_network and (each.host_port, each.protocol) == (port, protocol):
            way = paths.to_host_port(client, pod, each, family, node.address)
            if way.outcome is not Outcome.NO_PATH:
                yield way


def by_name(
    paths: Paths, client: Party, service: Service, port: int, protocol: Protocol
) -> PathVerdict:
    """A client dials a port of a Service by the Service's name."""
    if service.type == "ExternalName" and not client.node:
        return no_path("cluster DNS is not served outside", "SVC-17")
    meant = followed(paths.services, service)
    if meant is None:
        return no_path(f"{service.external_name} does not resolve", "SVC-17")
    if meant.type == "ExternalName":
        return _elsewhere(paths, client, meant.external_name, position(protocol, port))
    if meant.headless:
        return _headless(paths, client, meant, port, protocol)
    return _by_cluster_ip(paths, client, meant, port, protocol)


def followed(services: Services, service: Service) -> Service | None:
    """The Service that a name leads to: an ExternalName's is another's; None where nothing is.

    An ExternalName whose name is outside the cluster leads to itself.
    """
    seen = {service.ref}
    while service.type == "ExternalName":
        name = _in_cluster(service.external_name)
        if name is None:
            return service
        target = services.get(*name)
        if target is None or target.ref in seen:
            return None
        service = target
        seen.add(service.ref)
    return service


def _elsewhere(paths: Paths, client: Party, name: str, port: int) -> PathVerdict:
    """A name outside: its address is not known, but who may send nowhere is denied (UNK-9)."""
    if client.number is not None:
        may = paths.judge.egress.of(client.number).at(port).may
        if not (may.classes or may.signatures or may.guarded):
            target = next(iter(paths.outside.all(client.address.family)), client)
            shut = paths.judge.connection(client, target, port)
            return direct(shut)
    return unknown(Reason.NAME_RESOLUTION, f"{name} is not resolved", "UNK-9")


def _by_cluster_ip(
    paths: Paths, client: Party, service: Service, port: int, protocol: Protocol
) -> PathVerdict:
    found = [
        f
        for f in frontends(service)
        if f.kind == "ClusterIP"
        and f.family == client.address.family
        and (f.number, f.port.protocol) == (port, protocol)
    ]
    if not found:
        return no_path(_other_ports(service, client, port, protocol), "SVC-3", "SVC-20")
    return network_chooses(paths.to_frontend(client, frontend) for frontend in found)


def _other_ports(service: Service, client: Party, number: int, protocol: Protocol) -> str:
    """`the Service has no port 81/TCP, only 80/TCP, 443/TCP`."""
    if client.address.family not in service.families:
        return f"the Service has no {client.address.family} address"
    known = ", ".join(f"{port.port}/{port.protocol}" for port in service.ports)
    only = f", only {known}" if known else ""
    return f"the Service has no port {number}/{protocol}{only}"


def _headless(
    paths: Paths, client: Party, service: Service, port: int, protocol: Protocol
) -> PathVerdict:
    """DNS gives the pods' addresses; the client dials them on any port it likes (SVC-16)."""
    if not client.node:
        return no_path("cluster DNS is not served outside", "SVC-16")
    family = client.address.family
    backends = {
        b.party: b
        for service_port in service.ports
        for b in usable(paths.services.backends(service, service_port, family))
    }
    if not backends:
        return no_path("the name resolves to no endpoint", "SVC-16")
    return paths.to_endpoints(client, backends.values(), position(protocol, port))


def _in_cluster(name: str) -> tuple[str, str] | None:
    """The namespace and name of the Service that a name of the cluster means; None for others."""
    labels = name.rstrip(".").removesuffix(f".{_CLUSTER_DOMAIN}").split(".")
    return (labels[1], labels[0]) if len(labels) == 3 and labels[2] == "svc" else None
