"""Service, EndpointSlice, ServiceCIDR."""

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Literal

from reachaudit.model.facts import (
    Balancer,
    Endpoint,
    EndpointSlice,
    Service,
    ServiceCIDR,
    ServicePort,
    SlicePort,
)
from reachaudit.model.ip import Address, Block, Family, parse_address, parse_block
from reachaudit.model.objects.wire import (
    Invalid,
    Object,
    Reading,
    Wire,
    labels_of,
    protocol_of,
)
from reachaudit.model.objects.workloads import Condition

HEADLESS_LABEL = "service.kubernetes.io/headless"
PROXY_LABEL = "service.kubernetes.io/service-proxy-name"
SERVICE_LABEL = "kubernetes.io/service-name"

# EXT-15: what the clouds' annotations say of a load balancer's scheme.
_SCHEMES: dict[str, dict[str, Literal["internal", "internet"]]] = {
    "networking.gke.io/load-balancer-type": {"internal": "internal", "external": "internet"},
    "cloud.google.com/load-balancer-type": {"internal": "internal", "external": "internet"},
    "service.beta.kubernetes.io/aws-load-balancer-scheme": {
        "internal": "internal",
        "internet-facing": "internet",
    },
    "service.beta.kubernetes.io/aws-load-balancer-internal": {"true": "internal"},
    "service.beta.kubernetes.io/azure-load-balancer-internal": {"true": "internal"},
    "alb.ingress.kubernetes.io/scheme": {"internal": "internal", "internet-facing": "internet"},
}


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


class WireBalancer(Wire):
    """An entry of `status.loadBalancer.ingress`."""

    ip: str | None = None
    hostname: str | None = None
    ip_mode: str | None = None


class BalancerStatus(Wire):
    """`status.loadBalancer`."""

    ingress: list[WireBalancer] | None = None


class WithBalancer(Wire):
    """A `status` that has a load balancer in it."""

    load_balancer: BalancerStatus | None = None


class WireService(Object):
    """A Service on the wire."""

    spec: ServiceSpec | None = None
    status: WithBalancer | None = None


def read_service(service: WireService) -> Reading:
    """A Service's fact; a port or address that cannot be read is left out and is a problem."""
    meta, spec = service.metadata, service.spec or ServiceSpec()
    labels, problems = meta.labels or {}, list[str]()
    headless = spec.cluster_ip == "None" or spec.cluster_ips == ["None"]
    cluster_ips = [] if headless else spec.cluster_ips or [spec.cluster_ip or ""]
    addresses = _addresses("spec.clusterIPs", cluster_ips, problems)
    fact = Service(
        intern(meta.namespace or "default"),
        meta.name,
        type=_service_type(spec.type, problems),
        selector=labels_of(spec.selector),
        headless=headless,
        cluster_ips=addresses,
        families=_families(spec, addresses),
        ports=_service_ports(spec, problems),
        external_ips=_addresses("spec.externalIPs", spec.external_ips or (), problems),
        internal_local=spec.internal_traffic_policy == "Local",
        external_local=spec.external_traffic_policy == "Local",
        balancers=balancers_of(service.status, problems),
        balancer_class=spec.load_balancer_class or "",
        source_ranges=blocks_of(
            "spec.loadBalancerSourceRanges", spec.load_balancer_source_ranges or (), problems
        ),
        external_name=spec.external_name or "",
        publish_not_ready=bool(spec.publish_not_ready_addresses),
        health_check_port=spec.health_check_node_port or 0,
        other_proxy=PROXY_LABEL in labels,
        scheme=scheme_of(meta.annotations or {}),
    )
    return Reading(fact, tuple(problems))


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
            protocol = protocol_of(port.protocol)
        except Invalid as error:
            problems.append(f"spec.ports[{i}]: {error}")
            continue
        target = port.port if port.target_port in (None, 0, "") else port.target_port
        assert target is not None
        ports.append(
            ServicePort(intern(port.name or ""), protocol, port.port, target, port.node_port or 0)
        )
    return tuple(ports)


def _families(spec: ServiceSpec, addresses: tuple[Address, ...]) -> tuple[Family, ...]:
    """Families in use: as written, else those of the ClusterIPs, else IPv4 (M-9, SVC-20)."""
    written: list[Family] = []
    for name in spec.ip_families or ():
        if name == "IPv4":
            written.append("IPv4")
        elif name == "IPv6":
            written.append("IPv6")
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


def blocks_of(path: str, texts: Iterable[str], problems: list[str]) -> tuple[Block, ...]:
    """CIDRs; each that cannot be read is a problem, and permits nothing."""
    found = []
    for text in texts:
        block = parse_block(text.strip())
        if block is None:
            problems.append(f"{path}: {text!r} is not a CIDR")
        else:
            found.append(block)
    return tuple(found)


def balancers_of(status: WithBalancer | None, problems: list[str]) -> tuple[Balancer, ...]:
    """Where a load balancer listens (SVC-31); hostname-only entries are as Proxy (SVC-32)."""
    entries = (status.load_balancer.ingress or ()) if status and status.load_balancer else ()
    found = []
    for entry in entries:
        address = parse_address(entry.ip) if entry.ip else None
        if entry.ip and address is None:
            problems.append(f"status.loadBalancer.ingress: {entry.ip!r} is not an IP address")
        elif address is not None or entry.hostname:
            vip = address is not None and entry.ip_mode in (None, "VIP")
            found.append(Balancer(address, entry.hostname or "", vip))
    return tuple(found)


def scheme_of(annotations: Mapping[str, str]) -> Literal["", "internal", "internet"]:
    """What annotations say of a load balancer: internal, internet, or nothing (EXT-15)."""
    for key, meanings in _SCHEMES.items():
        meaning = meanings.get(annotations.get(key, "").lower())
        if meaning is not None:
            return meaning
    return ""


class WireSlicePort(Wire):
    """An entry of an EndpointSlice's `ports`."""

    name: str | None = None
    protocol: str | None = None
    port: int | None = None


class EndpointConditions(Wire):
    """An endpoint's conditions; nil has a meaning of its own (SVC-9)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class WireEndpoint(Wire):
    """An entry of an EndpointSlice's `endpoints`."""

    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    node_name: str | None = None


class WireEndpointSlice(Object):
    """An EndpointSlice on the wire."""

    address_type: str = ""
    ports: list[WireSlicePort] | None = None
    endpoints: list[WireEndpoint] | None = None


def read_endpoint_slice(piece: WireEndpointSlice) -> Reading:
    """A slice's fact; endpoints and ports that nobody could use are left out (SVC-9)."""
    meta, labels, problems = piece.metadata, piece.metadata.labels or {}, list[str]()
    addressed = piece.address_type in ("IPv4", "IPv6")
    fact = EndpointSlice(
        intern(meta.namespace or "default"),
        meta.name,
        service=intern(labels.get(SERVICE_LABEL, "")),
        family="IPv6" if piece.address_type == "IPv6" else "IPv4",
        ports=_slice_ports(piece, problems),
        headless=HEADLESS_LABEL in labels,
        endpoints=_endpoints(piece, problems) if addressed else (),
    )
    return Reading(fact, tuple(problems))


def _slice_ports(piece: WireEndpointSlice, problems: list[str]) -> tuple[SlicePort, ...]:
    found = []
    for port in piece.ports or ():
        if not port.port:
            continue
        try:
            found.append(SlicePort(intern(port.name or ""), protocol_of(port.protocol), port.port))
        except Invalid as error:
            problems.append(f"ports: {error}")
    return tuple(found)


def _endpoints(piece: WireEndpointSlice, problems: list[str]) -> tuple[Endpoint, ...]:
    found = []
    for endpoint in piece.endpoints or ():
        text = (endpoint.addresses or [""])[0]
        address = parse_address(text)
        if address is None:
            problems.append(f"endpoints: {text!r} is not an IP address")
            continue
        state = endpoint.conditions or EndpointConditions()
        ready = state.ready is not False
        found.append(
            Endpoint(
                address,
                ready=ready,
                serving=ready if state.serving is None else state.serving,
                terminating=bool(state.terminating),
                node=intern(endpoint.node_name or ""),
            )
        )
    return tuple(found)


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
    """A ServiceCIDR's fact (EXT-4)."""
    problems: list[str] = []
    conditions = (cidr.status.conditions or ()) if cidr.status else ()
    fact = ServiceCIDR(
        "",
        cidr.metadata.name,
        blocks=blocks_of("spec.cidrs", (cidr.spec.cidrs or ()) if cidr.spec else (), problems),
        ready=any(c.type == "Ready" and c.status == "True" for c in conditions),
    )
    return Reading(fact, tuple(problems))
