"""From facts back to API objects, with no more in them than the facts say."""

from collections.abc import Mapping
from functools import singledispatch
from typing import NamedTuple

from bench.policy_objects import policy_spec
from cluster.objects import KubeObject
from reachaudit.model.facts import (
    Controller,
    EndpointSlice,
    Fact,
    Ingress,
    IngressBackend,
    IngressClass,
    Namespace,
    NetworkPolicy,
    Node,
    Owner,
    Pod,
    Service,
    ServiceCIDR,
)
from reachaudit.model.kinds import KINDS, Kind
from reachaudit.model.objects.endpoints import HEADLESS_LABEL, SERVICE_LABEL

_KINDS = {kind.name: kind for kind in KINDS}
_GOING = "2026-01-02T00:00:00Z"


class Body(NamedTuple):
    """An object's own fields, and what its metadata has beside its name."""

    fields: Mapping[str, object]
    metadata: Mapping[str, object] = {}


def kind_of(fact: Fact) -> Kind:
    """The kind of a fact's object."""
    return _KINDS[fact.ref.kind]


def object_of(fact: Fact) -> KubeObject:
    """The object that says what a fact says."""
    kind, body = kind_of(fact), _body(fact)
    home = {"namespace": fact.namespace} if fact.namespace else {}
    metadata = {"name": fact.name, **home, **body.metadata}
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata, **body.fields}


@singledispatch
def _body(fact: Fact) -> Body:
    raise NotImplementedError(type(fact).__name__)


@_body.register
def _(fact: Namespace) -> Body:
    return Body({}, {"labels": dict(fact.labels)})


@_body.register
def _(fact: Node) -> Body:
    addresses = [
        {"type": "ExternalIP" if a in fact.external else "InternalIP", "address": str(a)}
        for a in fact.addresses
    ]
    ranges = [str(block) for block in fact.pod_blocks]
    spec = {"podCIDR": ranges[0], "podCIDRs": ranges}
    return Body({"spec": spec, "status": {"addresses": addresses}})


@_body.register
def _(fact: Controller) -> Body:
    return Body({}, _owned(fact.owner))


@_body.register
def _(fact: Pod) -> Body:
    labels = dict(fact.labels)
    ports = [
        {
            **({"name": port.name} if port.name else {}),
            "containerPort": port.number,
            "protocol": port.protocol,
        }
        for port in fact.ports
    ]
    image = f"registry.example.com/{labels.get('app', fact.namespace)}"
    container = {"name": "main", "image": f"{image}:{labels.get('version', 'v1')}", "ports": ports}
    spec: Mapping[str, object] = {
        "containers": [container],
        **({"nodeName": fact.node} if fact.node else {}),
        **({"hostNetwork": True} if fact.host_network else {}),
    }
    status = {
        "phase": fact.phase,
        **({"podIP": str(fact.addresses[0])} if fact.addresses else {}),
        "conditions": [{"type": "Ready", "status": str(fact.ready)}],
    }
    going = {"deletionTimestamp": _GOING} if fact.terminating else {}
    metadata = {"labels": labels, **going, **_owned(fact.owner)}
    return Body({"spec": spec, "status": status}, metadata)


def _owned(owner: Owner | None) -> Mapping[str, object]:
    if owner is None:
        return {}
    reference = {"kind": owner.kind, "name": owner.name, "controller": True}
    return {"ownerReferences": [{"apiVersion": "apps/v1", **reference}]}


@_body.register
def _(fact: Service) -> Body:
    addresses = ["None"] if fact.headless else [str(address) for address in fact.cluster_ips]
    spec: dict[str, object] = {
        "type": fact.type,
        "selector": dict(fact.selector),
        "clusterIP": addresses[0],
        "clusterIPs": addresses,
        "ipFamilies": list(fact.families),
        "ports": [
            {
                "name": port.name,
                "protocol": port.protocol,
                "port": port.port,
                "targetPort": port.target,
                **({"nodePort": port.node_port} if port.node_port else {}),
            }
            for port in fact.ports
        ],
    }
    if fact.external_local:
        spec["externalTrafficPolicy"] = "Local"
    if fact.source_ranges:
        spec["loadBalancerSourceRanges"] = [str(block) for block in fact.source_ranges]
    return Body({"spec": spec, **_balanced(fact)})


def _balanced(fact: Service | Ingress) -> Mapping[str, object]:
    listed = [{"ip": str(balancer.address)} for balancer in fact.balancers]
    return {"status": {"loadBalancer": {"ingress": listed}}} if listed else {}


@_body.register
def _(fact: EndpointSlice) -> Body:
    labels = {SERVICE_LABEL: fact.service, **({HEADLESS_LABEL: ""} if fact.headless else {})}
    endpoints = [
        {
            "addresses": [str(endpoint.address)],
            "conditions": {
                "ready": endpoint.ready,
                "serving": endpoint.serving,
                "terminating": endpoint.terminating,
            },
            "nodeName": endpoint.node,
            **({"targetRef": endpoint.pod._asdict()} if endpoint.pod else {}),
        }
        for endpoint in fact.endpoints
    ]
    ports = [{"name": p.name, "protocol": p.protocol, "port": p.port} for p in fact.ports]
    fields = {"addressType": fact.family, "endpoints": endpoints, "ports": ports}
    return Body(fields, {"labels": labels})


@_body.register
def _(fact: ServiceCIDR) -> Body:
    conditions = [{"type": "Ready", "status": str(fact.ready)}]
    spec = {"cidrs": [str(block) for block in fact.blocks]}
    return Body({"spec": spec, "status": {"conditions": conditions}})


@_body.register
def _(fact: IngressClass) -> Body:
    return Body({"spec": {"controller": fact.controller}}, {"creationTimestamp": fact.created})


@_body.register
def _(fact: Ingress) -> Body:
    rules = [
        {
            "host": rule.host,
            "http": {
                "paths": [
                    {"path": p.path, "pathType": p.path_type, "backend": _backend(p.backend)}
                    for p in rule.paths
                ]
            },
        }
        for rule in fact.rules
    ]
    spec: dict[str, object] = {"ingressClassName": fact.class_name, "rules": rules}
    if fact.tls:
        spec["tls"] = [{"hosts": list(fact.tls_hosts), "secretName": f"{fact.name}-tls"}]
    return Body({"spec": spec, **_balanced(fact)}, {"creationTimestamp": fact.created})


def _backend(backend: IngressBackend) -> Mapping[str, object]:
    field = "name" if isinstance(backend.port, str) else "number"
    return {"service": {"name": backend.service, "port": {field: backend.port}}}


@_body.register
def _(fact: NetworkPolicy) -> Body:
    return Body({"spec": policy_spec(fact)})
