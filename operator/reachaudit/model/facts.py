"""Facts: API objects reduced to what the engine reads. Frozen; API defaults applied (M-9)."""

from typing import ClassVar, Literal

import msgspec

from reachaudit.model.ip import Address, Block, Family
from reachaudit.model.names import Ref

Protocol = Literal["TCP", "UDP", "SCTP"]
PROTOCOLS: tuple[Protocol, Protocol, Protocol] = ("TCP", "UDP", "SCTP")
Labels = tuple[tuple[str, str], ...]
Direction = Literal["ingress", "egress"]

SOME_NODE = "?"
"""The node of a pod that only a file describes: one of those that are there, not known which.

Where no node is known, a node of this name stands for all.
"""
SOME_PORT = -1
"""A node port that a cluster will give, not known which."""


class Value(msgspec.Struct, frozen=True, gc=False):
    """A frozen part of a fact."""


class Fact(Value, frozen=True, gc=False):
    """What one API object says, without identity: equal facts mean that nothing changed for us."""

    kind: ClassVar[str]
    namespace: str
    name: str

    @property
    def ref(self) -> Ref:
        """The object that says it."""
        return Ref(self.kind, self.namespace, self.name)


class Requirement(Value, frozen=True, gc=False):
    """One `matchExpressions` entry; `values` sorted."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...]


class Selector(Value, frozen=True, gc=False):
    """A label selector; with neither labels nor expressions it matches everything (NP-18)."""

    labels: Labels = ()
    expressions: tuple[Requirement, ...] = ()


class Owner(Value, frozen=True, gc=False):
    """The controller in an object's ownerReferences."""

    kind: str
    name: str


class ContainerPort(Value, frozen=True, gc=False):
    """A port that a container declares: for names and host ports only, never a limit (M-5).

    `sidecar`: the container is a restartable init container.
    """

    name: str
    number: int
    protocol: Protocol
    host_port: int = 0
    host_address: Address | None = None
    sidecar: bool = False


class Pod(Fact, frozen=True, gc=False):
    """A pod. `ports`: containers first, then restartable init containers (NP-40).

    `ingress_classes`, `watched_namespaces`: those that its arguments name, as ingress controllers'
    do (ING-19, ING-24); "?" for a namespace is one that cannot be read.
    `extra_networks`: it has other interfaces than its usual one (NP-51). `other_platform`: it is a
    virtual machine, or for Windows (UNK-13).
    """

    kind: ClassVar[str] = "Pod"
    labels: Labels = ()
    addresses: tuple[Address, ...] = ()
    node: str = ""
    host_network: bool = False
    phase: str = ""
    ready: bool = False
    terminating: bool = False
    ports: tuple[ContainerPort, ...] = ()
    owner: Owner | None = None
    ingress_classes: tuple[str, ...] = ()
    watched_namespaces: tuple[str, ...] = ()
    extra_networks: bool = False
    other_platform: bool = False

    @property
    def live(self) -> bool:
        """Whether the pod can send or receive at all (NP-49)."""
        return bool(self.addresses and self.node) and self.phase not in ("Succeeded", "Failed")


class Namespace(Fact, frozen=True, gc=False):
    """A namespace; its standard name label is always there (NP-21)."""

    kind: ClassVar[str] = "Namespace"
    labels: Labels = ()


class Node(Fact, frozen=True, gc=False):
    """A node. `external` is the part of `addresses` with type ExternalIP.

    `other_platform`: it runs Windows (UNK-13).
    """

    kind: ClassVar[str] = "Node"
    addresses: tuple[Address, ...] = ()
    external: tuple[Address, ...] = ()
    pod_blocks: tuple[Block, ...] = ()
    other_platform: bool = False


class PolicyPort(Value, frozen=True, gc=False):
    """A `ports` entry: a named port, or first..last; first > last matches nothing (NP-58)."""

    protocol: Protocol
    first: int
    last: int
    name: str = ""


class Peer(Value, frozen=True, gc=False):
    """A `from`/`to` item; with no field set it matches nothing (NP-25)."""

    pods: Selector | None = None
    namespaces: Selector | None = None
    block: Block | None = None
    excepts: tuple[Block, ...] = ()


class PolicyRule(Value, frozen=True, gc=False):
    """One rule. None: all peers, all ports (NP-13, NP-34). Positions are those in the object."""

    peers: tuple[Peer, ...] | None
    ports: tuple[PolicyPort, ...] | None


class NetworkPolicy(Fact, frozen=True, gc=False):
    """A NetworkPolicy with its policyTypes resolved (NP-3, NP-4)."""

    kind: ClassVar[str] = "NetworkPolicy"
    subject: Selector = Selector()
    ingress: tuple[PolicyRule, ...] = ()
    egress: tuple[PolicyRule, ...] = ()
    isolates_ingress: bool = True
    isolates_egress: bool = False

    def isolates(self, direction: Direction) -> bool:
        """Whether its subjects are isolated in a direction (NP-5)."""
        return self.isolates_ingress if direction == "ingress" else self.isolates_egress

    def rules(self, direction: Direction) -> tuple[PolicyRule, ...]:
        """Its rules of a direction, effective or not."""
        return self.ingress if direction == "ingress" else self.egress


class OpaquePolicy(Fact, frozen=True, gc=False):
    """A policy that may open or shut flows in ways not understood here (UNK-2).

    `namespace` is "" where it reaches over the whole cluster. `kind_name` is the object's kind.
    """

    kind: ClassVar[str] = "OpaquePolicy"
    kind_name: str = ""

    @property
    def is_view(self) -> bool:
        """Whether it only shows a NetworkPolicy once more, as Calico's API does."""
        return "projectcalico.org" in self.kind_name and self.name.startswith("knp.default.")

    @property
    def ref(self) -> Ref:
        """The vendor's object."""
        return Ref(self.kind_name, self.namespace, self.name)


class ServicePort(Value, frozen=True, gc=False):
    """A Service port; `target` is a number or a container port's name.

    `node_port` is 0 where there is none.
    """

    name: str
    protocol: Protocol
    port: int
    target: int | str
    node_port: int = 0


class Balancer(Value, frozen=True, gc=False):
    """One `status.loadBalancer.ingress` entry. `vip`: kube-proxy captures the address (SVC-32).

    With neither address nor name it is one that a provider will give.
    `failed`: the Service ports that its provider could not open (SVC-31).
    """

    address: Address | None
    hostname: str = ""
    vip: bool = True
    failed: tuple[tuple[Protocol, int], ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is an address or a name to tell it by."""
        return self.address is not None or bool(self.hostname)


class Service(Fact, frozen=True, gc=False):
    """A Service.

    `source_ranges` are enforced on a VIP, `provider_ranges` (the same, or the annotation of old) by
    the load balancer's provider, or not at all (SVC-35, SVC-36). `scheme`: what annotations say of
    its load balancer (EXT-15), "" where nothing. `pod_mode`: a cloud's load balancer for Ingress
    dials its pods (ING-20). `health_port`: where kube-proxy says whether a node has endpoints, on
    every node (SVC-30), 0 where nowhere. `balancer_error`: its load balancer lacks some port, and
    which is not said (SVC-31).
    """

    kind: ClassVar[str] = "Service"
    type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = "ClusterIP"
    selector: Labels = ()
    headless: bool = False
    cluster_ips: tuple[Address, ...] = ()
    families: tuple[Family, ...] = ()
    ports: tuple[ServicePort, ...] = ()
    external_ips: tuple[Address, ...] = ()
    internal_local: bool = False
    external_local: bool = False
    balancers: tuple[Balancer, ...] = ()
    balancer_class: str = ""
    source_ranges: tuple[Block, ...] = ()
    provider_ranges: tuple[Block, ...] = ()
    external_name: str = ""
    publish_not_ready: bool = False
    other_proxy: bool = False
    pod_mode: bool = False
    scheme: Literal["", "internal", "internet"] = ""
    health_port: int = 0
    balancer_error: bool = False


class SlicePort(Value, frozen=True, gc=False):
    """A port of an EndpointSlice, joined to the Service by name and protocol (SVC-5)."""

    name: str
    protocol: Protocol
    port: int


class Endpoint(Value, frozen=True, gc=False):
    """One endpoint, by its first address only (SVC-9). `pod`: what it is, if the slice says."""

    address: Address
    ready: bool
    serving: bool
    terminating: bool
    node: str = ""
    pod: Ref | None = None


class EndpointSlice(Fact, frozen=True, gc=False):
    """A slice; those of FQDNs have no endpoints (SVC-9).

    `headless`: labelled so, for DNS alone: proxies leave it out (SVC-10).
    """

    kind: ClassVar[str] = "EndpointSlice"
    service: str = ""
    family: Family = "IPv4"
    headless: bool = False
    ports: tuple[SlicePort, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()


class IngressBackend(Value, frozen=True, gc=False):
    """A Service port by number or name; `service` is "" for a resource backend (ING-12)."""

    service: str
    port: int | str


class IngressPath(Value, frozen=True, gc=False):
    """One path; `path_type` Exact, Prefix or ImplementationSpecific. `index`: in the object."""

    path: str
    path_type: str
    backend: IngressBackend
    index: int


class IngressRule(Value, frozen=True, gc=False):
    """One host ("" is all hosts) and its paths. `index`: in the object."""

    host: str
    paths: tuple[IngressPath, ...]
    index: int


class Ingress(Fact, frozen=True, gc=False):
    """An Ingress. `class_name`: the field, else the legacy annotation (ING-2, ING-3).

    `class_annotated`: it is from the annotation, which may name a class without an object.
    `source_ranges`: what ingress-nginx's allow-list annotation permits, None where there is none;
    `allow_list` is its key.
    `pod_mode`: the cloud's load balancer dials pods. `service_upstream`: the controller dials the
    ClusterIP, not endpoints (ING-17). `unread_annotations`: annotations of a controller that may
    change routing or access (ING-23).
    """

    kind: ClassVar[str] = "Ingress"
    class_name: str = ""
    class_annotated: bool = False
    rules: tuple[IngressRule, ...] = ()
    default: IngressBackend | None = None
    tls_hosts: tuple[str, ...] = ()
    tls: bool = False
    balancers: tuple[Balancer, ...] = ()
    source_ranges: tuple[Block, ...] | None = None
    allow_list: str = ""
    unread_annotations: tuple[str, ...] = ()
    created: str = ""
    scheme: Literal["", "internal", "internet"] = ""
    pod_mode: bool = False
    service_upstream: bool = False


class IngressClass(Fact, frozen=True, gc=False):
    """An IngressClass; `default` as its annotation says (ING-4)."""

    kind: ClassVar[str] = "IngressClass"
    controller: str = ""
    default: bool = False
    created: str = ""


class ServiceCIDR(Fact, frozen=True, gc=False):
    """A range of ClusterIPs. `ready`: new ones are given from it (EXT-4)."""

    kind: ClassVar[str] = "ServiceCIDR"
    blocks: tuple[Block, ...] = ()
    ready: bool = True


class Controller(Fact, frozen=True, gc=False):
    """A ReplicaSet or Job, of which only its own owner matters: it names the pods' workload."""

    kind: ClassVar[str] = "Controller"
    kind_name: str = ""
    owner: Owner | None = None

    @property
    def ref(self) -> Ref:
        """The ReplicaSet or Job."""
        return Ref(self.kind_name, self.namespace, self.name)
