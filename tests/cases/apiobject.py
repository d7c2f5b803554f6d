"""API objects as plain JSON: their type, their names, and reads that accept anything."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Object: TypeAlias = "dict[str, Json]"

# What `kubectl api-resources` says, so that a case need not repeat it.
API_VERSIONS = {
    "ConfigMap": "v1",
    "Endpoints": "v1",
    "Namespace": "v1",
    "Node": "v1",
    "Pod": "v1",
    "Secret": "v1",
    "Service": "v1",
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "CronJob": "batch/v1",
    "Job": "batch/v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "ServiceCIDR": "networking.k8s.io/v1",
}
CLUSTER_SCOPED = {
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "ClusterNetworkPolicy",
    "GatewayClass",
    "GlobalNetworkPolicy",
    "IngressClass",
    "Namespace",
    "Node",
    "ServiceCIDR",
}


class Key(NamedTuple):
    """An object's place in the cluster; `namespace` is empty for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"


def mapping(value: Json) -> Object:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Json) -> str:
    """Return the value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def key_of(obj: Object) -> Key:
    """Name an object."""
    meta = mapping(obj.get("metadata"))
    return Key(text(obj.get("kind")), text(meta.get("namespace")), text(meta.get("name")))


def labels_of(obj: Object) -> dict[str, str]:
    """Return the object's labels."""
    labels = mapping(mapping(obj.get("metadata")).get("labels"))
    return {key: text(value) for key, value in labels.items()}
