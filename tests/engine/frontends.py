"""Random Services, slices, Ingresses and foreign policies for the clusters of `worlds.py`.

Anything that an API server takes may be among them: slices by hand with odd addresses, classes of
controllers that are not there, load balancers with and without addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from engine.worlds import NAMESPACES, chance

if TYPE_CHECKING:
    from cases.apiobject import Json, Object

ADDRESSES = (
    "203.0.113.50",
    "10.20.0.5",
    "192.168.0.1",
    "10.244.1.10",
    "10.244.1.12",
    "169.254.169.254",
    "fd00:0:0:1::c",
    "2001:db8::5",
)
CONTROLLER_LABELS: Json = {
    "app.kubernetes.io/name": "ingress-nginx",
    "app.kubernetes.io/component": "controller",
}
SELECTORS: tuple[Json, ...] = ({"app": "a"}, {"app": "b"}, {}, None, CONTROLLER_LABELS)
CLASSES = {
    "nginx": "k8s.io/ingress-nginx",
    "cloud": "ingress.k8s.aws/alb",
    "gce": "networking.gke.io/gce",
    "odd": "example.com/odd",
}
RANGES: tuple[Json, ...] = (None, ["10.0.0.0/8"], ["0.0.0.0/0"], ["fd00::/8"])
ANNOTATIONS: tuple[Json, ...] = (
    None,
    {"nginx.ingress.kubernetes.io/whitelist-source-range": "10.0.0.0/8, 203.0.113.7"},
    {"nginx.ingress.kubernetes.io/server-snippet": "deny all;"},
    {"nginx.ingress.kubernetes.io/service-upstream": "true"},
    {"alb.ingress.kubernetes.io/target-type": "ip"},
    {"cloud.google.com/neg": '{"ingress": true}'},
)
EXTERNAL: tuple[Json, ...] = (None, ["203.0.113.80"], ["10.244.1.10"])
CONDITIONS: tuple[Json, ...] = (None, {"ready": False}, {"serving": True})
PORTS: tuple[Json, ...] = ({"number": 80}, {"name": "p1"}, {"number": 81})
VENDORS = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")


@st.composite
def frontends(draw: st.DrawFn) -> list[Object]:
    """Draw what stands between clients and pods."""
    found = [_service(draw, number) for number in range(draw(st.integers(1, 4)))]
    found += [_slice(draw, number) for number in range(draw(st.integers(0, 2)))]
    found += [_ingress(draw, number) for number in range(draw(st.integers(0, 3)))]
    found += [
        {"kind": "IngressClass", "metadata": {"name": name}, "spec": {"controller": controller}}
        for name, controller in CLASSES.items()
        if chance(draw, 70)
    ]
    if chance(draw, 10):
        found.append(_vendor(draw))
    return found


def _service(draw: st.DrawFn, number: int) -> Object:
    kind = draw(st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]))
    balancer: Json = {"ip": draw(st.sampled_from(ADDRESSES))}
    if chance(draw, 30):
        balancer = {"hostname": "lb.example.com"}
    ports: list[Json] = [_port(draw, kind, number, k) for k in range(draw(st.integers(0, 2)))]
    spec: Object = {
        "type": kind,
        "ports": ports,
        "clusterIP": draw(st.sampled_from([f"10.96.0.{number + 10}", "None"])),
        "selector": draw(st.sampled_from(SELECTORS)),
        "externalIPs": draw(st.sampled_from(EXTERNAL)),
        "externalTrafficPolicy": draw(st.sampled_from(["Cluster", "Local", None])),
        "internalTrafficPolicy": draw(st.sampled_from(["Local", None])),
        "loadBalancerSourceRanges": draw(st.sampled_from(RANGES)),
        "loadBalancerClass": draw(st.sampled_from([None, None, "example.com/lb"])),
        "externalName": draw(st.sampled_from(["a.example.com", "s1.u.svc.cluster.local"])),
    }
    meta = _meta(draw, f"s{number}")
    meta["annotations"] = draw(st.sampled_from(ANNOTATIONS))
    status: Object = {"loadBalancer": {"ingress": [balancer] if chance(draw, 70) else []}}
    return {"kind": "Service", "metadata": meta, "spec": spec, "status": status}


def _port(draw: st.DrawFn, kind: str, number: int, index: int) -> Json:
    port: Object = {
        "name": f"p{index}",
        "port": (80, 443)[index],
        "targetPort": draw(st.sampled_from([80, 8080, "web", "dns", None])),
    }
    if kind in ("NodePort", "LoadBalancer"):
        port["nodePort"] = 30000 + 10 * number + index
    return port


def _slice(draw: st.DrawFn, number: int) -> Object:
    """By hand: it may name any pod and any node, and hold any address."""
    meta = _meta(draw, f"e{number}")
    meta["labels"] = {"kubernetes.io/service-name": f"s{draw(st.integers(0, 3))}"}
    pod: Json = {"kind": "Pod", "namespace": "u", "name": f"p{draw(st.integers(0, 7))}"}
    pods: tuple[Json, ...] = (None, pod)
    endpoint: Object = {
        "addresses": [draw(st.sampled_from(ADDRESSES))],
        "nodeName": draw(st.sampled_from([None, "n1", "n2", "nowhere"])),
        "targetRef": draw(st.sampled_from(pods)),
        "conditions": draw(st.sampled_from(CONDITIONS)),
    }
    port: Object = {"name": draw(st.sampled_from(["p0", "p1"])), "port": 80}
    family = draw(st.sampled_from(["IPv4", "IPv6"]))
    return {
        "kind": "EndpointSlice",
        "metadata": meta,
        "addressType": family,
        "ports": [port],
        "endpoints": [endpoint],
    }


def _ingress(draw: st.DrawFn, number: int) -> Object:
    port = draw(st.sampled_from(PORTS))
    service: Json = {"name": f"s{draw(st.integers(0, 4))}", "port": port}
    backends: tuple[Json, ...] = ({"service": service}, {"resource": {"name": "r"}})
    backend = draw(st.sampled_from(backends))
    kind = draw(st.sampled_from(["Prefix", "Exact", "ImplementationSpecific"]))
    rule: Json = {"http": {"paths": [{"path": "/", "pathType": kind, "backend": backend}]}}
    meta = _meta(draw, f"i{number}")
    meta["annotations"] = draw(st.sampled_from(ANNOTATIONS))
    spec: Object = {"ingressClassName": draw(st.sampled_from([*CLASSES, "gone", None]))}
    spec["rules"] = [rule] if chance(draw, 80) else []
    if chance(draw, 40):
        spec["defaultBackend"] = backend
    if chance(draw, 30):
        spec["tls"] = [{}]
    balancer: Json = {"ip": draw(st.sampled_from(ADDRESSES))}
    status: Object = {"loadBalancer": {"ingress": [balancer] if chance(draw, 60) else []}}
    return {"kind": "Ingress", "metadata": meta, "spec": spec, "status": status}


def _vendor(draw: st.DrawFn) -> Object:
    kind = draw(st.sampled_from(VENDORS))
    meta: Object = {"name": "theirs"}
    if kind == "CiliumNetworkPolicy":
        meta["namespace"] = draw(st.sampled_from(NAMESPACES))
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta}


def _meta(draw: st.DrawFn, name: str) -> Object:
    return {"name": name, "namespace": draw(st.sampled_from(NAMESPACES[:2]))}
