"""Random small clusters for property tests: API objects that bear on NetworkPolicy, and questions.

Values come from small pools, so that selectors, blocks and port names meet each other often. Some
objects are as files hold them: nil lists, missing defaults, labels that the API server would force.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from hypothesis import strategies as st

from cases.apiobject import Json, Object, key_of
from engine.oracle import ASSUMPTIONS
from engine.policies import NAME_LABEL, PORTS, policies

# source, destination, port (None for ICMP), protocol, family
Query: TypeAlias = tuple[str, str, int | None, str, str]

NAMESPACES = ("u", "v", "w", "x")
# The ports that policies and containers name, and what lies beside the edges of their ranges.
ASKED = (*PORTS, 1, 52, 54, 79, 82, 90, 91, 65535)
NETWORKS = (
    ("networks", "storage"),
    ("network-status", '[{"name": "usual", "default": true}]'),
    ("network-status", '[{"name": "usual", "default": true}, {"name": "storage"}]'),
    ("networks-status", "[{"),
)
OUTSIDE = {
    "v4": (
        *("203.0.113.7", "203.0.113.200", "10.9.9.9", "1.2.3.77", "10.244.1.200"),
        *("10.96.0.77", "10.97.0.77", "203.0.113.50"),  # EXT-1, EXT-4
    ),
    "v6": ("2001:db8::7", "fd00:0:0:dd::5"),
}


class World(NamedTuple):
    """A cluster, and every pair of its ends on a few ports."""

    objects: tuple[Object, ...]
    queries: tuple[Query, ...]


@dataclass(frozen=True)
class _Shape:
    nodes: int
    namespaces: tuple[str, ...]
    dual: bool


def chance(draw: st.DrawFn, percent: int) -> bool:
    """Draw a rare event; False is the simple case to which hypothesis shrinks."""
    return draw(st.integers(0, 99)) >= 100 - percent


@st.composite
def worlds(draw: st.DrawFn, asked: int = 2) -> World:
    """Draw a cluster of 4 to 8 pods and 3 to 6 policies, and what to ask: on so many ports."""
    dual = draw(st.booleans())
    shape = _Shape(draw(st.integers(1, 3)), NAMESPACES[: draw(st.sampled_from([2, 2, 3, 4]))], dual)
    nodes = [_node(draw, number, shape) for number in range(1, shape.nodes + 1)]
    namespaces = [_namespace(draw, name) for name in shape.namespaces]
    pods = [_pod(draw, number, shape) for number in range(draw(st.integers(4, 8)))]
    rules = draw(policies(shape.namespaces))
    here = [namespace for namespace in namespaces if not chance(draw, 5)]
    ranges = _service_ranges(draw) if chance(draw, 30) else []
    objects = draw(st.permutations([*nodes, *here, *pods, *rules, *ranges]))
    return World(tuple(objects), _queries(draw, [*nodes, *pods], asked, dual=dual))


def assumptions() -> st.SearchStrategy[dict[str, str]]:
    """Draw assumptions of basis C that bear on SEMANTICS A and D."""
    values = {**ASSUMPTIONS, "policies-enforced": ("true",) * 9 + ("false",)}
    named = {name: st.sampled_from(each) for name, each in values.items()}
    return st.fixed_dictionaries({}, optional=named)


def _node(draw: st.DrawFn, number: int, shape: _Shape) -> Object:
    cidrs = [f"10.244.{number}.0/24"] + [f"fd00:0:0:{number}::/64"] * shape.dual
    reported: list[Json] = [{"type": "InternalIP", "address": f"192.168.0.{number}"}]
    if shape.dual:
        reported.append({"type": "InternalIP", "address": f"fd00:0:0:c::{number}"})
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"n{number}", "labels": {"kubernetes.io/os": _system(draw)}},
        "spec": {"podCIDR": cidrs[0], "podCIDRs": [*cidrs]},
        "status": {"addresses": reported},
    }


def _namespace(draw: st.DrawFn, name: str) -> Object:
    labels: dict[str, Json] = {}
    if chance(draw, 60):
        labels["team"] = draw(st.sampled_from(["red", "blue", ""]))
    if chance(draw, 80):  # else as a file may hold it, NP-21
        labels[NAME_LABEL] = draw(st.sampled_from(NAMESPACES)) if chance(draw, 10) else name
    meta: Object = {"name": name, "labels": labels} if labels else {"name": name}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def _pod(draw: st.DrawFn, number: int, shape: _Shape) -> Object:
    node = draw(st.integers(1, shape.nodes))
    hosted = chance(draw, 15)
    state = draw(st.sampled_from(["Running"] * 27 + ["Succeeded", "Failed", "waiting"]))
    families = draw(st.sampled_from([(4, 6)] * 6 + [(4,), (6,)])) if shape.dual else (4,)
    # A finished pod holds the address that the first pod has now, if they share a node (NP-49).
    host = 0 if state in ("Succeeded", "Failed") else number
    addresses = [_pod_address(host, node, version, hosted=hosted) for version in families]
    if families == (4,) and not hosted and chance(draw, 15):
        addresses = [f"172.31.4.{number}"]  # EXT-3: outside every pod range
    status: Object = {"phase": "Pending" if state == "waiting" else state}
    if state != "waiting":
        status |= {"podIP": addresses[0], "podIPs": [{"ip": address} for address in addresses]}
    spec: Object = {"nodeName": f"n{node}", "containers": [{"name": "c", "ports": _ports(draw)}]}
    if hosted:
        spec["hostNetwork"] = True
    if chance(draw, 15):
        policy = draw(st.sampled_from(["Always", None]))
        starter: Object = {"name": "i", "ports": _ports(draw)}
        spec["initContainers"] = [starter | ({"restartPolicy": policy} if policy else {})]
    labels: dict[str, Json] = {"app": draw(st.sampled_from(["a", "b"]))}
    if chance(draw, 50):
        labels["tier"] = draw(st.sampled_from(["web", "db", ""]))
    spread = shape.namespaces[number % len(shape.namespaces)]
    namespace = spread if number < 4 else draw(st.sampled_from(shape.namespaces))
    meta: Object = {"name": f"p{number}", "namespace": namespace, "labels": labels}
    if chance(draw, 10):  # NP-51
        key, value = draw(st.sampled_from(NETWORKS))
        meta["annotations"] = {f"k8s.v1.cni.cncf.io/{key}": value}
    if chance(draw, 10):  # UNK-13
        spec["os"] = {"name": _system(draw)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def _service_ranges(draw: st.DrawFn) -> list[Object]:
    """Ranges of ClusterIPs, and a Service with an address in one, on a port that nobody asks of."""
    conditions: tuple[list[Json], ...] = (
        [],
        [{"type": "Ready", "status": "True"}],
        [{"type": "Ready", "status": "False"}],
    )
    found: list[Object] = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "ServiceCIDR",
            "metadata": {"name": f"r{number}"},
            "spec": {"cidrs": [f"10.{number}.0.0/16"]},
            "status": {"conditions": draw(st.sampled_from(conditions))},
        }
        for number in (96, 97)
    ]
    balancer: Object = {"ip": "203.0.113.50"}
    if chance(draw, 50):
        balancer["ipMode"] = draw(st.sampled_from(["VIP", "Proxy"]))
    spec: Object = {"type": "LoadBalancer", "clusterIP": "10.97.0.10", "ports": [{"port": 7}]}
    meta: Object = {"name": "vip", "namespace": "u"}
    status: Object = {"loadBalancer": {"ingress": [balancer]}}
    service: Object = {"apiVersion": "v1", "kind": "Service", "metadata": meta}
    return [*found, service | {"spec": spec, "status": status}]


def _system(draw: st.DrawFn) -> str:
    return "windows" if chance(draw, 5) else "linux"


def _pod_address(number: int, node: int, version: int, *, hosted: bool) -> str:
    if version == 4:
        return f"192.168.0.{node}" if hosted else f"10.244.{node}.{10 + number}"
    return f"fd00:0:0:c::{node}" if hosted else f"fd00:0:0:{node}::{10 + number:x}"


def _ports(draw: st.DrawFn) -> Json:
    ports: list[Json] = []
    for _ in range(draw(st.integers(0, 3))):
        port: Object = {"containerPort": draw(st.sampled_from(PORTS))}
        if chance(draw, 80):
            port["name"] = draw(st.sampled_from(["web", "dns"]))
        if chance(draw, 60):
            port["protocol"] = draw(st.sampled_from(["TCP", "UDP"]))
        ports.append(port)
    return ports


def _queries(
    draw: st.DrawFn, objects: list[Object], ports: int, *, dual: bool
) -> tuple[Query, ...]:
    ends = [end_of(obj) for obj in objects]
    asked: list[Query] = []
    for _ in range(ports):
        family = draw(st.sampled_from(["v4", "v6"])) if dual else "v4"
        protocol = draw(st.sampled_from(["TCP", "TCP", "TCP", "UDP", "SCTP", "ICMP"]))
        port = None if protocol == "ICMP" else draw(st.sampled_from(ASKED))
        outside = draw(st.lists(st.sampled_from(OUTSIDE[family]), min_size=1, max_size=2))
        for inner in ends:
            asked += [(inner, other, port, protocol, family) for other in ends]
            for outer in outside:
                asked.append((inner, outer, port, protocol, family))
                asked.append((outer, inner, port, protocol, family))
    return tuple(asked)


def end_of(obj: Object) -> str:
    """Name a Pod or a Node as an end of a flow."""
    key = key_of(obj)
    return f"{key.namespace}/{key.name}" if key.namespace else f"node:{key.name}"
