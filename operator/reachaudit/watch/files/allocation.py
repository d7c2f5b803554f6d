"""What a cluster gives to Services and Ingresses: families, addresses, ports, load balancers.

All of it is given without being known: an address UNPLACED, a node port SOME_PORT, a load balancer
without address or name.
"""

from collections.abc import Collection, Iterable
from typing import ClassVar

from msgspec.structs import replace

from reachaudit.model.facts import (
    SOME_PORT,
    Balancer,
    Fact,
    Ingress,
    Node,
    Pod,
    Service,
    ServiceCIDR,
    ServicePort,
)
from reachaudit.model.ip import FAMILIES, UNPLACED, Address, Family
from reachaudit.model.kinds import SERVICE, Kind
from reachaudit.model.objects.services import ServiceSpec, WireService, read_service
from reachaudit.model.objects.wire import Reading
from reachaudit.model.parse import parser

GIVEN = Balancer(None, vip=False)  # SVC-32: whether it will be a VIP is its provider's choice


class Asked(Fact, frozen=True, gc=False):
    """A Service of a file, and what it asks a cluster for.

    `families`: those that are written. `stack`: its `ipFamilyPolicy`. `node_ports`: whether its
    load balancer wants node ports (SVC-34).
    """

    kind: ClassVar[str] = Service.kind
    service: Service
    families: tuple[Family, ...] = ()
    stack: str = ""
    node_ports: bool = True


class AskedSpec(
    ServiceSpec,
    rename={
        "ip_family_policy": "ipFamilyPolicy",
        "allocate_node_ports": "allocateLoadBalancerNodePorts",
    },
):
    """A Service's `spec`, with what only the API server reads of it."""

    ip_family_policy: str | None = None
    allocate_node_ports: bool | None = None


class WireAsked(WireService):
    """A Service in a file."""

    spec: AskedSpec | None = None


def read_asked(wire: WireAsked) -> Reading:
    """A Service's fact with what it asks for."""
    service, problems = read_service(wire)
    assert isinstance(service, Service)
    spec = wire.spec or AskedSpec()
    asked = Asked(
        service.namespace,
        service.name,
        service=service,
        families=service.families if spec.ip_families else (),
        stack=spec.ip_family_policy or "",
        node_ports=spec.allocate_node_ports is not False,
    )
    return Reading(asked, problems)


ASKED = Kind(
    SERVICE.name,
    SERVICE.group,
    SERVICE.version,
    SERVICE.resource,
    parser(SERVICE.name, WireAsked, read_asked),
)


def families_of(facts: Collection[Fact]) -> tuple[Family, ...]:
    """The families that pods have, the cluster's first one first.

    Pod ranges of nodes say it. Without any, the addresses that are known do, or IPv4 where there
    are none; and Services that insist on a family add it. One that prefers two says nothing.
    """
    ranges = [b.family for f in facts if isinstance(f, Node) for b in f.pod_blocks]
    if ranges:
        return tuple(dict.fromkeys(ranges))
    found = {family for fact in facts for family in _seen(fact)} or {"IPv4"}
    for fact in facts:
        if isinstance(fact, Asked):
            found |= set(FAMILIES if fact.stack == "RequireDualStack" else fact.families)
    return tuple(family for family in FAMILIES if family in found)


def _seen(fact: Fact) -> Iterable[Family]:
    match fact:
        case Pod() | Node():
            return [address.family for address in fact.addresses]
        case Asked():
            return [address.family for address in fact.service.cluster_ips]
        case ServiceCIDR():
            return [block.family for block in fact.blocks]
        case _:
            return []


def unplaced(families: Iterable[Family]) -> tuple[Address, ...]:
    """An address of each family, not known which."""
    return tuple(Address(family, UNPLACED) for family in families)


def allocated(asked: Asked, families: tuple[Family, ...]) -> Service:
    """A Service with what a cluster of these families gives it (M-9, SVC-1, SVC-20)."""
    service = asked.service
    if service.type == "ExternalName":
        return service
    own = _families(asked, families)
    held = {address.family for address in service.cluster_ips}
    more = () if service.headless else unplaced(f for f in own if f not in held)
    balanced = service.type == "LoadBalancer"
    checked = balanced and service.external_local  # SVC-30
    ports = service.ports
    if service.type == "NodePort" or (balanced and asked.node_ports):
        ports = tuple(map(_with_node_port, ports))
    return replace(
        service,
        families=own,
        cluster_ips=service.cluster_ips + more,
        ports=ports,
        balancers=service.balancers or ((GIVEN,) if balanced else ()),
        health_port=service.health_port or (SOME_PORT if checked else 0),
    )


def _families(asked: Asked, families: tuple[Family, ...]) -> tuple[Family, ...]:
    """SVC-20: the written ones, else those of its ClusterIPs, else the cluster's first; or two."""
    service = asked.service
    own = asked.families or tuple(address.family for address in service.cluster_ips)
    if not own and service.headless and not service.selector:
        return FAMILIES  # whatever its slices hold
    own = own or families[:1]
    dual = asked.stack == "PreferDualStack" and len(families) > 1
    if dual or asked.stack == "RequireDualStack":
        own += tuple(family for family in FAMILIES if family not in own)
    return own


def _with_node_port(port: ServicePort) -> ServicePort:
    return port if port.node_port else replace(port, node_port=SOME_PORT)


def balanced(ingress: Ingress) -> Ingress:
    """An Ingress with the address that its controller gives it (ING-21)."""
    return ingress if ingress.balancers else replace(ingress, balancers=(GIVEN,))
