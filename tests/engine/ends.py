"""The ends of a flow, found in plain API objects: who lives at a name or an address.

An end is written as a pod `ns/name`, a node `node:name`, or an address.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Literal, TypeAlias

from cases.apiobject import Object, items, key_of, labels_of, mapping, text

if TYPE_CHECKING:
    from collections.abc import Sequence

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
VERSIONS = {"v4": 4, "v6": 6}


@dataclass(frozen=True)
class End:
    """One end of a flow: its addresses of one family, and the Pod where it is one."""

    kind: Literal["pod", "host-pod", "node", "outside"]
    name: str
    node: str
    addresses: tuple[Address, ...]
    pod: Object
    doubts: tuple[str, ...] = ()  # assumptions that may keep its policies from shutting anything

    @property
    def on_pod_network(self) -> bool:
        """Say whether it has an address of its own; a hostNetwork pod has its node's."""
        return bool(self.pod) and mapping(self.pod.get("spec")).get("hostNetwork") is not True


class Ends:
    """Finds ends; a hostNetwork pod is told apart from its node only if `host_pods_are_pods`."""

    def __init__(self, objects: Sequence[Object], *, host_pods_are_pods: bool) -> None:
        pods = [obj for obj in objects if obj.get("kind") == "Pod"]
        self._pods = {f"{key_of(pod).namespace}/{key_of(pod).name}": pod for pod in pods}
        self._nodes = {key_of(obj).name: obj for obj in objects if obj.get("kind") == "Node"}
        self._services = [obj for obj in objects if obj.get("kind") == "Service"]
        self._service_cidrs = [obj for obj in objects if obj.get("kind") == "ServiceCIDR"]
        self._host_pods_are_pods = host_pods_are_pods
        self._found: dict[tuple[str, str], End | None] = {}

    def find(self, name: str, family: str) -> End | None:
        """Find an end; None where nothing lives there, or nothing of this family (NP-50)."""
        if (name, family) not in self._found:
            self._found[name, family] = self._find(name, family)
        return self._found[name, family]

    def _find(self, name: str, family: str) -> End | None:
        if name.startswith("node:"):
            end: End | None = self._node(name.removeprefix("node:"))
        elif name in self._pods:
            end = self._pod(name)
        else:
            end = self._address(ipaddress.ip_address(name))
        addresses = end.addresses if end else ()
        held = tuple(a for a in addresses if a.version == VERSIONS[family])
        return replace(end, addresses=held) if end and held else None

    def networks(self) -> list[Network]:
        """Return every range and address that pods and nodes hold."""
        ranges = self._inner()
        held = [a for node in self._nodes.values() for a in _node_addresses(node)]
        held += [a for pod in self._pods.values() for a in _pod_addresses(pod)]
        return ranges + [ipaddress.ip_network(address) for address in held]

    def _pod(self, name: str) -> End | None:
        pod = self._pods[name]
        spec, phase = mapping(pod.get("spec")), mapping(pod.get("status")).get("phase")
        addresses, node = _pod_addresses(pod), text(spec.get("nodeName"))
        if phase in ("Succeeded", "Failed") or not addresses:
            return None  # NP-49: not scheduled is not addressed; a terminating pod still lives
        hosted = spec.get("hostNetwork") is True and not self._host_pods_are_pods
        doubts = (*_doubts(pod), *_platform(self._nodes.get(node, {})))
        return End("host-pod" if hosted else "pod", name, node, addresses, pod, doubts)

    def _node(self, name: str) -> End:
        return End("node", name, name, _node_addresses(self._nodes[name]), {})

    def _address(self, address: Address) -> End | None:
        for name in self._pods:  # EXT-3: live pods before any range
            end = self._pod(name)
            if end and end.on_pod_network and address in end.addresses:
                return end
        for name, node in self._nodes.items():
            if address in _node_addresses(node):
                return End("node", name, name, (address,), {})
        if any(address in cidr for cidr in self._inner()):
            return None  # EXT-1: a pod's or Service's address that nobody holds is not outside
        return End("outside", str(address), "", (address,), {})

    def _inner(self) -> list[Network]:
        """Return the ranges of pods and Services (EXT-3, EXT-4), and what is captured (EXT-1)."""
        inner = [cidr for node in self._nodes.values() for cidr in _pod_ranges(node)]
        held = [ip for service in self._services for ip in _cluster_ips(service)]
        for obj in self._service_cidrs:
            cidrs = [ipaddress.ip_network(text(c)) for c in items(_spec(obj).get("cidrs"))]
            conditions = map(mapping, items(mapping(obj.get("status")).get("conditions")))
            ready = {c.get("status") for c in conditions if c.get("type") == "Ready"} <= {"True"}
            if ready or any(address in cidr for cidr in cidrs for address in held):
                inner += cidrs
        vips = [ip for service in self._services for ip in _vips(service)]
        return inner + [ipaddress.ip_network(address) for address in [*held, *vips]]


def is_private(address: Address) -> bool:
    """Say whether an address lies in the private zone (EXT-6); metadata is a zone of its own."""
    ranges = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
    metadata = address == ipaddress.ip_address("fd00:ec2::254")
    return not metadata and any(address in ipaddress.ip_network(cidr) for cidr in ranges)


def parse_cidr(value: str) -> Network | None:
    """Read a CIDR as the API server does (NP-33); None where it would not."""
    match = re.fullmatch(r"([0-9A-Fa-f.:]+)/([0-9]+)", value)
    if not match:
        return None
    plain = [re.sub(r"(?<![0-9A-Fa-f])0+(?=[0-9A-Fa-f])", "", part) for part in match.groups()]
    try:
        network = ipaddress.ip_network("/".join(plain), strict=False)
    except ValueError:
        return None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if isinstance(mapped, IPv4Address) and network.prefixlen >= 96:
        return IPv4Network((mapped, network.prefixlen - 96))
    return network


def _pod_addresses(pod: Object) -> tuple[Address, ...]:
    status = mapping(pod.get("status"))
    listed = [text(mapping(item).get("ip")) for item in items(status.get("podIPs"))]
    held = listed or [text(status.get("podIP"))]
    return tuple(ipaddress.ip_address(address) for address in held if address)


def _node_addresses(node: Object) -> tuple[Address, ...]:
    reported = [mapping(a) for a in items(mapping(node.get("status")).get("addresses"))]
    kinds = ("InternalIP", "ExternalIP")  # EXT-5
    held = [text(a.get("address")) for kind in kinds for a in reported if a.get("type") == kind]
    return tuple(ipaddress.ip_address(address) for address in held)


def _pod_ranges(node: Object) -> list[Network]:
    spec = _spec(node)
    written = items(spec.get("podCIDRs")) or [spec.get("podCIDR")]
    return [ipaddress.ip_network(text(cidr)) for cidr in written if cidr]


def _doubts(pod: Object) -> list[str]:
    """Return what keeps policies from being the whole truth of a pod (NP-51, UNK-13)."""
    found, annotations = _platform(pod), mapping(mapping(pod.get("metadata")).get("annotations"))
    prefix = "k8s.v1.cni.cncf.io"
    extra = bool(text(annotations.get(f"{prefix}/networks")).strip())
    for key in (f"{prefix}/network-status", f"{prefix}/networks-status"):
        try:
            networks = json.loads(text(annotations.get(key)) or "[]")
            extra = extra or any(network.get("default") is not True for network in networks)
        except (ValueError, AttributeError, TypeError):
            extra = True
    return found + ["extra-networks"] * extra


def _platform(obj: Object) -> list[str]:
    """Say whether a Node or Pod is of another platform than Linux."""
    spec, labels = _spec(obj), labels_of(obj)
    system = labels.get("kubernetes.io/os") if obj.get("kind") == "Node" else None
    if obj.get("kind") == "Pod":
        wanted = mapping(spec.get("nodeSelector")).get("kubernetes.io/os")
        system = text(mapping(spec["os"]).get("name") if spec.get("os") else wanted)
    other = system == "windows" or labels.get("kubevirt.io") == "virt-launcher"
    return ["other-platforms"] * other


def _spec(obj: Object) -> Object:
    return mapping(obj.get("spec"))


def _cluster_ips(service: Object) -> list[Address]:
    spec = _spec(service)
    written = {text(ip) for ip in [spec.get("clusterIP"), *items(spec.get("clusterIPs"))]}
    return [ipaddress.ip_address(ip) for ip in sorted(written - {"", "None"})]


def _vips(service: Object) -> list[Address]:
    """Return the load balancer's addresses that the cluster's own proxy captures (SVC-32)."""
    status = mapping(mapping(service.get("status")).get("loadBalancer"))
    entries = [mapping(entry) for entry in items(status.get("ingress"))]
    vips = [text(entry.get("ip")) for entry in entries if entry.get("ipMode", "VIP") == "VIP"]
    return [ipaddress.ip_address(ip) for ip in vips if ip]
