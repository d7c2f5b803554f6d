"""The kinds of object that are watched: where the API serves each, and how it becomes a fact."""

from dataclasses import dataclass
from functools import partial

from reachaudit.model.objects import endpoints, ingresses, policies, services, workloads
from reachaudit.model.objects.wire import Object
from reachaudit.model.parse import Parse, parser

NETWORKING = "networking.k8s.io"
CALICO_CRD, CALICO = "crd.projectcalico.org", "projectcalico.org"
CLUSTER_POLICY = "policy.networking.k8s.io"


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    `name` is unique among kinds (vendors' kinds carry their group). `parse` gives an Item of a
    JSON text or document. `metadata_only`: the API server is asked for metadata alone.
    `optional`: a kind that may be absent, which means that there are no such objects.
    `namespaced`: its objects lie in namespaces; else in none.
    """

    name: str
    group: str
    version: str
    resource: str
    parse: Parse
    metadata_only: bool = False
    optional: bool = False
    namespaced: bool = True

    @property
    def path(self) -> str:
        """The path of all objects of this kind on the API server."""
        prefix = f"/apis/{self.group}" if self.group else "/api"
        return f"{prefix}/{self.version}/{self.resource}"

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


def _controller(name: str, group: str, resource: str) -> Kind:
    read = partial(workloads.read_controller, name)
    return Kind(name, group, "v1", resource, parser(name, Object, read), metadata_only=True)


def _vendor(kind: str, group: str, version: str, resource: str, *, namespaced: bool = True) -> Kind:
    name = f"{kind}.{group}"
    parse = parser(name, Object, partial(policies.read_opaque_policy, name))
    return Kind(
        name,
        group,
        version,
        resource,
        parse,
        metadata_only=True,
        optional=True,
        namespaced=namespaced,
    )


NAMESPACE = Kind(
    "Namespace",
    "",
    "v1",
    "namespaces",
    parser("Namespace", workloads.WireNamespace, workloads.read_namespace),
    namespaced=False,
)
NODE = Kind(
    "Node",
    "",
    "v1",
    "nodes",
    parser("Node", workloads.WireNode, workloads.read_node),
    namespaced=False,
)
POD = Kind("Pod", "", "v1", "pods", parser("Pod", workloads.WirePod, workloads.read_pod))
SERVICE = Kind(
    "Service",
    "",
    "v1",
    "services",
    parser("Service", services.WireService, services.read_service),
)
ENDPOINT_SLICE = Kind(
    "EndpointSlice",
    "discovery.k8s.io",
    "v1",
    "endpointslices",
    parser("EndpointSlice", endpoints.WireEndpointSlice, endpoints.read_endpoint_slice),
)
INGRESS = Kind(
    "Ingress",
    NETWORKING,
    "v1",
    "ingresses",
    parser("Ingress", ingresses.WireIngress, ingresses.read_ingress),
)
INGRESS_CLASS = Kind(
    "IngressClass",
    NETWORKING,
    "v1",
    "ingressclasses",
    parser("IngressClass", ingresses.WireIngressClass, ingresses.read_ingress_class),
    namespaced=False,
)
NETWORK_POLICY = Kind(
    "NetworkPolicy",
    NETWORKING,
    "v1",
    "networkpolicies",
    parser("NetworkPolicy", policies.WireNetworkPolicy, policies.read_network_policy),
)
SERVICE_CIDR = Kind(
    "ServiceCIDR",
    NETWORKING,
    "v1",
    "servicecidrs",
    parser("ServiceCIDR", services.WireServiceCIDR, services.read_service_cidr),
    optional=True,  # before Kubernetes 1.33 there is no such kind (EXT-4)
    namespaced=False,
)

# Policies of others: their rules are not read, so whatever they may concern is UNKNOWN (UNK-2).
VENDOR_KINDS = (
    _vendor("CiliumNetworkPolicy", "cilium.io", "v2", "ciliumnetworkpolicies"),
    _vendor(
        "CiliumClusterwideNetworkPolicy",
        "cilium.io",
        "v2",
        "ciliumclusterwidenetworkpolicies",
        namespaced=False,
    ),
    _vendor("NetworkPolicy", CALICO_CRD, "v1", "networkpolicies"),
    _vendor("GlobalNetworkPolicy", CALICO_CRD, "v1", "globalnetworkpolicies", namespaced=False),
    _vendor("NetworkPolicy", CALICO, "v3", "networkpolicies"),
    _vendor("GlobalNetworkPolicy", CALICO, "v3", "globalnetworkpolicies", namespaced=False),
    _vendor("NetworkPolicy", "crd.antrea.io", "v1beta1", "networkpolicies"),
    _vendor(
        "ClusterNetworkPolicy",
        "crd.antrea.io",
        "v1beta1",
        "clusternetworkpolicies",
        namespaced=False,
    ),
    _vendor(
        "AdminNetworkPolicy", CLUSTER_POLICY, "v1alpha1", "adminnetworkpolicies", namespaced=False
    ),
    _vendor(
        "BaselineAdminNetworkPolicy",
        CLUSTER_POLICY,
        "v1alpha1",
        "baselineadminnetworkpolicies",
        namespaced=False,
    ),
    _vendor(
        "ClusterNetworkPolicy",
        CLUSTER_POLICY,
        "v1alpha2",
        "clusternetworkpolicies",
        namespaced=False,
    ),
)

KINDS: tuple[Kind, ...] = (
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    ENDPOINT_SLICE,
    INGRESS,
    INGRESS_CLASS,
    NETWORK_POLICY,
    SERVICE_CIDR,
    _controller("ReplicaSet", "apps", "replicasets"),
    _controller("Job", "batch", "jobs"),
    *VENDOR_KINDS,
)
