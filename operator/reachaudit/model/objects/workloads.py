"""Pod, Namespace, Node, and the controllers between a pod and its workload."""

from collections.abc import Mapping
from sys import intern

from reachaudit.model.facts import ContainerPort, Controller, Labels, Namespace, Node, Pod
from reachaudit.model.ip import Address, parse_address, parse_block
from reachaudit.model.objects.arguments import Commanded, ingress_classes, watched_namespaces
from reachaudit.model.objects.networks import has_extra_networks
from reachaudit.model.objects.wire import (
    Invalid,
    Object,
    Reading,
    Wire,
    labels_of,
    owner_of,
    port_of,
    protocol_of,
)

NAME_LABEL = "kubernetes.io/metadata.name"
OS_LABEL = "kubernetes.io/os"
VM_LABEL, VM = "kubevirt.io", "virt-launcher"


class WirePort(
    Wire, rename={"container_port": "containerPort", "host_port": "hostPort", "host_ip": "hostIP"}
):
    """An entry of a container's `ports`."""

    container_port: int
    name: str | None = None
    protocol: str | None = None
    host_port: int | None = None
    host_ip: str | None = None


class WireContainer(Commanded):
    """A container, or an init container with its restart policy."""

    ports: list[WirePort] | None = None
    restart_policy: str | None = None


class OS(Wire):
    """`os` of a pod."""

    name: str = ""


class PodSpec(Wire):
    """A pod's `spec`."""

    node_name: str | None = None
    host_network: bool | None = None
    containers: list[WireContainer] | None = None
    init_containers: list[WireContainer] | None = None
    os: OS | None = None
    node_selector: dict[str, str] | None = None


class WireIP(Wire):
    """An entry of `status.podIPs`."""

    ip: str | None = None


class Condition(Wire):
    """A status condition."""

    type: str
    status: str


class PodStatus(Wire, rename={"pod_ip": "podIP", "pod_ips": "podIPs"}):
    """A pod's `status`."""

    phase: str | None = None
    pod_ip: str | None = None
    pod_ips: list[WireIP] | None = None
    conditions: list[Condition] | None = None


class WirePod(Object):
    """A pod on the wire."""

    spec: PodSpec | None = None
    status: PodStatus | None = None


class WireNamespace(Object):
    """A namespace on the wire: its metadata says all."""


class NodeAddress(Wire):
    """An entry of a node's `status.addresses`."""

    type: str
    address: str


class NodeSpec(Wire, rename={"pod_cidr": "podCIDR", "pod_cidrs": "podCIDRs"}):
    """A node's `spec`."""

    pod_cidr: str | None = None
    pod_cidrs: list[str] | None = None


class NodeStatus(Wire):
    """A node's `status`."""

    addresses: list[NodeAddress] | None = None


class WireNode(Object):
    """A node on the wire."""

    spec: NodeSpec | None = None
    status: NodeStatus | None = None


def read_pod(pod: WirePod) -> Reading:
    """A pod's fact; a container port that the API would reject is a problem."""
    meta, spec, status = pod.metadata, pod.spec or PodSpec(), pod.status or PodStatus()
    problems: list[str] = []
    fact = Pod(
        intern(meta.namespace or "default"),
        meta.name,
        labels=labels_of(meta.labels),
        addresses=_pod_addresses(status, problems),
        node=intern(spec.node_name or ""),
        host_network=bool(spec.host_network),
        phase=intern(status.phase or ""),
        ready=any(c.type == "Ready" and c.status == "True" for c in status.conditions or ()),
        terminating=meta.deletion_timestamp is not None,
        ports=_container_ports(spec, problems),
        owner=owner_of(meta),
        ingress_classes=ingress_classes(spec.containers or ()),
        watched_namespaces=watched_namespaces(spec.containers or (), meta.namespace or "default"),
        extra_networks=has_extra_networks(meta.annotations or {}),
        other_platform=_other_platform(meta.labels or {}, spec),
    )
    return Reading(fact, tuple(problems))


def _other_platform(labels: Mapping[str, str], spec: PodSpec) -> bool:
    """Whether a pod is for Windows, or holds a virtual machine (UNK-13)."""
    system = spec.os.name if spec.os else (spec.node_selector or {}).get(OS_LABEL)
    return system == "windows" or labels.get(VM_LABEL) == VM


def _pod_addresses(status: PodStatus, problems: list[str]) -> tuple[Address, ...]:
    """All of podIPs, one a family (NP-50)."""
    texts = [entry.ip for entry in status.pod_ips or () if entry.ip] or [status.pod_ip or ""]
    found: dict[str, Address] = {}
    for text in filter(None, texts):
        address = parse_address(text)
        if address is None:
            problems.append(f"status.podIPs: {text!r} is not an IP address")
        else:
            found.setdefault(address.family, address)
    return tuple(found.values())


def _container_ports(spec: PodSpec, problems: list[str]) -> tuple[ContainerPort, ...]:
    """Containers' ports, then restartable init containers': the order of look-up (NP-40)."""
    restartable = [c for c in spec.init_containers or () if c.restart_policy == "Always"]
    containers = [(c, False) for c in spec.containers or ()]
    ports = []
    for container, sidecar in [*containers, *((c, True) for c in restartable)]:
        for port in container.ports or ():
            try:
                ports.append(_container_port(port, sidecar=sidecar))
            except Invalid as error:
                problems.append(f"spec.containers[].ports: {error}")
    return tuple(ports)


def _container_port(port: WirePort, *, sidecar: bool) -> ContainerPort:
    return ContainerPort(
        intern(port.name or ""),
        port_of(port.container_port),
        protocol_of(port.protocol),
        port_of(port.host_port or 0, least=0),
        parse_address(port.host_ip) if port.host_ip else None,
        sidecar,
    )


def read_namespace(namespace: WireNamespace) -> Reading:
    """A namespace's fact, with the name label that the API server forces (NP-21)."""
    meta = namespace.metadata
    labels = labels_of({**(meta.labels or {}), NAME_LABEL: meta.name})
    return Reading(Namespace("", intern(meta.name), labels))


def default_namespace_labels(name: str) -> Labels:
    """The labels of a namespace of which only the name is known (M-9)."""
    return ((NAME_LABEL, name),)


def read_node(node: WireNode) -> Reading:
    """A node's fact: InternalIP and ExternalIP addresses, and its pod ranges (EXT-3, EXT-5)."""
    spec, status = node.spec or NodeSpec(), node.status or NodeStatus()
    problems: list[str] = []
    addresses: dict[Address, bool] = {}
    for entry in status.addresses or ():
        if entry.type in ("InternalIP", "ExternalIP"):
            address = parse_address(entry.address)
            if address is None:
                problems.append(f"status.addresses: {entry.address!r} is not an IP address")
            else:
                addresses[address] = addresses.get(address, False) or entry.type == "ExternalIP"
    texts = spec.pod_cidrs or ([spec.pod_cidr] if spec.pod_cidr else [])
    blocks = [block for block in map(parse_block, texts) if block]
    if len(blocks) < len(texts):
        problems.append(f"spec.podCIDRs: {texts} holds something that is not a CIDR")
    external = tuple(address for address, outside in addresses.items() if outside)
    windows = (node.metadata.labels or {}).get(OS_LABEL) == "windows"
    name = intern(node.metadata.name)
    fact = Node("", name, tuple(addresses), external, tuple(blocks), other_platform=windows)
    return Reading(fact, tuple(problems))


def read_controller(kind_name: str, controller: Object) -> Reading:
    """A ReplicaSet's or Job's fact: who owns it."""
    meta = controller.metadata
    return Reading(
        Controller(intern(meta.namespace), meta.name, kind_name=kind_name, owner=owner_of(meta))
    )
