"""Service and ServiceCIDR."""

from collections.abc import Iterable
from sys import intern
from typing import Literal

import msgspec

from reachaudit.model.facts import (
    Service,
    ServiceCIDR,
    ServicePort,
)
from reachaudit.model.ip import Address, Family, parse_address, special
from reachaudit.model.objects.balancers import WithBalancer, balancers_of, blocks_of, scheme_of
from reachaudit.model.objects.wire import (
    Invalid,
    Object,
    Reading,
    Wire,
    labels_of,
    port_name_of,
    port_of,
    protocol_of,
)
from reachaudit.model.objects.workloads import Condition

RANGES_ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"
NEG_ANNOTATION = "cloud.google.com/neg"
PROXY_LABEL = "service.kubernetes.io/service-proxy-name"


class _EndpointGroups(msgspec.Struct):
    ingress: bool = False


class WireServicePort(Wire):
    """An entry of a Service's `spec.ports`."""

    port: int
    name: str | None = None
    protocol: str | None = None
    target_port: int | str | None = None
    node_port: int | None = None


class ServiceSpec(
    Wire,
    rename={
        "cluster_ip": "clusterIP",
        "cluster_ips": "clusterIPs",
        "external_ips": "externalIPs",
        "ip_families": "ipFamilies",
        "internal_traffic_policy": "internalTrafficPolicy",
        "external_traffic_policy": "externalTrafficPolicy",
        "load_balancer_class": "loadBalancerClass",
        "load_balancer_source_ranges": "loadBalancerSourceRanges",
        "external_name": "externalName",
        "publish_not_ready_addresses": "publishNotReadyAddresses",
        "health_check_node_port": "healthCheckNodePort",
    },
):
    """A Service's `spec`."""

    type: str | None = None
    selector: dict[str, str] | None = None
    cluster_ip: str | None = None
    cluster_ips: list[str] | None = None
    external_ips: list[str] | None = None
    ip_families: list[str] | None = None
    ports: list[WireServicePort] | None = None
    internal_traffic_policy: str | None = None
    external_traffic_policy: str | None = None
    load_balancer_class: str | None = None
    load_balancer_source_ranges: list[str] | None = None
    external_name: str | None = None
    publish_not_ready_addresses: bool | None = None
    health_check_node_port: int | None = None


class ServiceStatus(WithBalancer):
    """A Service's `status`."""

    conditions: list[Condition] | None = None


class WireService(Object):
    """A Service on the wire."""

    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


def read_service(service: WireService) -> Reading:
    """A Service's fact; a port or address that cannot be read is left out and is a problem."""
    meta, spec = service.metadata, service.spec or ServiceSpec()
    labels, problems = meta.labels or {}, list[str]()
    headless = spec.cluster_ip == "None" or spec.cluster_ips == ["None"]
    cluster_ips = [] if headless else spec.cluster_ips or [spec.cluster_ip or ""]
    addresses = _addresses("spec.clusterIPs", cluster_ips, problems)
    ranges = blocks_of(
        "spec.loadBalancerSourceRanges", spec.load_balancer_source_ranges or (), problems
    )
    balancers = balancers_of(service.status, problems)
    annotated = (meta.annotations or {}).get(RANGES_ANNOTATION, "").strip()
    fact = Service(
        intern(meta.namespace or "default"),
        meta.name,
        type=_service_type(spec.type, problems),
        selector=labels_of(spec.selector),
        headless=headless,
        cluster_ips=addresses,
        families=_families(spec, addresses, problems),
        ports=_service_ports(spec, problems),
        external_ips=_external_ips(spec, problems),
        internal_local=_is_local("internalTrafficPolicy", spec.internal_traffic_policy, problems),
        external_local=_is_local("externalTrafficPolicy", spec.external_traffic_policy, problems),
        balancers=balancers,
        balancer_class=spec.load_balancer_class or "",
        source_ranges=ranges,
        provider_ranges=ranges
        or blocks_of(f"metadata.annotations[{RANGES_ANNOTATION}]", _listed(annotated), problems),
        external_name=spec.external_name or "",
        publish_not_ready=bool(spec.publish_not_ready_addresses),
        other_proxy=PROXY_LABEL in labels,
        pod_mode=_pod_mode((meta.annotations or {}).get(NEG_ANNOTATION, "")),
        scheme=scheme_of(meta.annotations or {}),
        health_port=_health_port(spec),
        balancer_error=_error(service.status) and not any(b.failed for b in balancers),
    )
    return Reading(fact, tuple(problems))


def _error(status: ServiceStatus | None) -> bool:
    """Whether the load balancer's provider says that some port could not be opened (SVC-31)."""
    conditions = (status.conditions or ()) if status else ()
    return any(c.type == "LoadBalancerPortsError" and c.status == "True" for c in conditions)


def _health_port(spec: ServiceSpec) -> int:
    """Only load balancers with externalTrafficPolicy Local have one (SVC-30)."""
    needed = spec.type == "LoadBalancer" and spec.external_traffic_policy == "Local"
    return (spec.health_check_node_port or 0) if needed else 0


def _pod_mode(annotation: str) -> bool:
    """Whether Google's annotation for network endpoint groups asks for them for Ingress."""
    try:
        return msgspec.json.decode(annotation, type=_EndpointGroups).ingress
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _listed(text: str) -> list[str]:
    return text.split(",") if text else []


def _service_type(
    text: str | None, problems: list[str]
) -> Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]:
    match text or "ClusterIP":
        case "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName" as known:
            return known
        case other:
            problems.append(f"spec.type: {other!r} is not known; read as ClusterIP")
            return "ClusterIP"


def _service_ports(spec: ServiceSpec, problems: list[str]) -> tuple[ServicePort, ...]:
    """Ports, with the target defaulted to the port itself (SVC-3)."""
    ports = []
    for i, port in enumerate(spec.ports or ()):
        try:
            ports.append(_service_port(port))
        except Invalid as error:
            problems.append(f"spec.ports[{i}]: {error}")
    return tuple(ports)


def _service_port(port: WireServicePort) -> ServicePort:
    number, target = port_of(port.port), port.target_port
    if isinstance(target, str) and target:
        target = port_name_of(target)
    else:
        target = port_of(target or number)
    return ServicePort(
        intern(port.name or ""),
        protocol_of(port.protocol),
        number,
        target,
        port_of(port.node_port or 0, least=0),
    )


def _is_local(field: str, text: str | None, problems: list[str]) -> bool:
    """What a traffic policy says; Cluster where none is written (M-9)."""
    if text not in (None, "", "Cluster", "Local"):
        problems.append(f"spec.{field}: {text!r} is not known; read as Cluster")
    return text == "Local"


def _families(
    spec: ServiceSpec, addresses: tuple[Address, ...], problems: list[str]
) -> tuple[Family, ...]:
    """Families in use: as written, else those of the ClusterIPs, else IPv4 (M-9, SVC-20)."""
    written: list[Family] = []
    for name in spec.ip_families or ():
        if name == "IPv4":
            written.append("IPv4")
        elif name == "IPv6":
            written.append("IPv6")
        else:
            problems.append(f"spec.ipFamilies: {name!r} is neither IPv4 nor IPv6")
    return tuple(written or [address.family for address in addresses] or ["IPv4"])


def _addresses(path: str, texts: Iterable[str], problems: list[str]) -> tuple[Address, ...]:
    found = []
    for text in filter(None, texts):
        address = parse_address(text)
        if address is None:
            problems.append(f"{path}: {text!r} is not an IP address")
        else:
            found.append(address)
    return tuple(found)


def _external_ips(spec: ServiceSpec, problems: list[str]) -> tuple[Address, ...]:
    """externalIPs, without those that the API refuses (SVC-38)."""
    found = _addresses("spec.externalIPs", spec.external_ips or (), problems)
    problems += [f"spec.externalIPs: {a} is {special(a)}" for a in found if special(a)]
    return tuple(address for address in found if not special(address))


class CIDRSpec(Wire):
    """A ServiceCIDR's `spec`."""

    cidrs: list[str] | None = None


class CIDRStatus(Wire):
    """A ServiceCIDR's `status`."""

    conditions: list[Condition] | None = None


class WireServiceCIDR(Object):
    """A ServiceCIDR on the wire."""

    spec: CIDRSpec | None = None
    status: CIDRStatus | None = None


def read_service_cidr(cidr: WireServiceCIDR) -> Reading:
    """A ServiceCIDR's fact; without a condition it is Ready, as for the API server (EXT-4)."""
    problems: list[str] = []
    conditions = (cidr.status.conditions or ()) if cidr.status else ()
    fact = ServiceCIDR(
        "",
        cidr.metadata.name,
        blocks=blocks_of("spec.cidrs", (cidr.spec.cidrs or ()) if cidr.spec else (), problems),
        ready=all(c.status == "True" for c in conditions if c.type == "Ready"),
    )
    return Reading(fact, tuple(problems))
