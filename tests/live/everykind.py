"""Objects of every kind that is watched: as many as a test wants, straight into etcd."""

import json
import uuid
from collections.abc import Callable, Mapping
from functools import partial

from cluster.api import Api
from cluster.etcd import Etcd, registry_key
from cluster.objects import KubeObject
from cluster.rest import ApiError
from cluster.waiting import wait_for
from live.manifests import crd
from live.vendors import await_absence
from reachaudit.model.kinds import VENDOR_KINDS, Kind

_CRDS = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
_POD = {"containers": [{"name": "main", "image": "example.com/web:1"}]}

# The rest of an object but its metadata, by a label's value.
_REST: Mapping[str, Callable[[str], KubeObject]] = {
    "Namespace": lambda _: {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}},
    "Node": lambda _: {"spec": {"podCIDR": "10.244.9.0/24", "podCIDRs": ["10.244.9.0/24"]}},
    "Pod": lambda _: {"spec": {**_POD, "nodeName": "n"}, "status": {"podIP": "10.244.9.9"}},
    "Service": lambda app: {
        "spec": {"clusterIP": "None", "ports": [{"port": 80}], "selector": {"app": app}}
    },
    "EndpointSlice": lambda _: {"addressType": "IPv4", "endpoints": [], "ports": []},
    "Ingress": lambda app: {
        "spec": {"defaultBackend": {"service": {"name": app, "port": {"number": 80}}}}
    },
    "IngressClass": lambda app: {"spec": {"controller": f"example.com/{app}"}},
    "NetworkPolicy": lambda app: {
        "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"]}
    },
    "ServiceCIDR": lambda _: {"spec": {"cidrs": ["10.97.0.0/16"]}},
    "ReplicaSet": lambda app: {"spec": {"replicas": 0, **_controlled(app, {})}},
    "Job": lambda app: {"spec": {"suspend": True, **_controlled(app, {"restartPolicy": "Never"})}},
}


def _controlled(app: str, more: KubeObject) -> KubeObject:
    """A selector of pods, none of which are there, and their template."""
    labels = {"app": f"controlled-{app}"}
    template = {"metadata": {"labels": labels}, "spec": {**_POD, **more}}
    return {"selector": {"matchLabels": labels}, "template": template}


def key(kind: Kind, name: str) -> str:
    """Where etcd holds an object; those of namespaced kinds lie in `default`."""
    vendor = kind in VENDOR_KINDS
    resource = f"{kind.group}/{kind.resource}" if vendor else kind.resource
    return registry_key(resource, *(["default"] if kind.namespaced else []), name)


def put(etcd: Etcd, kind: Kind, name: str, app: str = "web") -> None:
    """Write an object, as new or changed, labelled `app: <app>`."""
    where = key(kind, name)
    metadata: KubeObject = {
        "name": name,
        **({"namespace": "default"} if kind.namespaced else {}),
        "uid": str(uuid.uuid5(uuid.NAMESPACE_OID, where)),
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"app": app},
    }
    head = {"apiVersion": kind.api_version, "kind": word(kind), "metadata": metadata}
    rest = {} if kind in VENDOR_KINDS else _REST[kind.name](app)
    etcd.put(where, json.dumps({**head, **rest}).encode())


def word(kind: Kind) -> str:
    """What the API calls a kind."""
    return kind.name.partition(".")[0]


def serve_vendors(api: Api, *kinds: Kind) -> None:
    """Create the CRDs of vendors' kinds, and wait until they are served."""
    for kind in kinds:
        scope = "Namespaced" if kind.namespaced else "Cluster"
        await_absence(api, kind)
        api.create(crd(kind.group, word(kind), kind.resource, kind.version, scope))
    for kind in kinds:
        wait_for(partial(is_served, api, kind), f"{kind.name} is served")


def drop_vendors(api: Api, *kinds: Kind) -> None:
    """Delete their CRDs, and with them their objects."""
    for kind in kinds:
        api.delete(*_CRDS, f"{kind.resource}.{kind.group}")


def is_served(api: Api, kind: Kind) -> bool:
    """Whether the API server lists a kind."""
    try:
        return bool(api.request("GET", kind.path))
    except ApiError:
        return False
