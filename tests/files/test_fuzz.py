"""Whatever a file holds: no exception leaves the reader, nor the engine that asks what was read."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from demo.samples import SAMPLES
from reachaudit.model.kinds import VENDOR_KINDS
from reachaudit.model.objects.endpoints import WireEndpointSlice
from reachaudit.model.objects.ingresses import WireIngress, WireIngressClass
from reachaudit.model.objects.policies import WireNetworkPolicy
from reachaudit.model.objects.services import WireServiceCIDR
from reachaudit.model.objects.wire import Object
from reachaudit.model.objects.workloads import WireNamespace, WireNode, WirePod
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions
from reachaudit.watch.files import read
from reachaudit.watch.files.allocation import WireAsked
from reachaudit.watch.files.mirrored import WireEndpoints
from reachaudit.watch.files.scalers import WireScaler
from reachaudit.watch.files.templates import WireCronJob, WireWorkload

if TYPE_CHECKING:
    from cases.apiobject import Json

WIRES: dict[tuple[str, str], type[Object]] = {
    ("v1", "Namespace"): WireNamespace,
    ("v1", "Node"): WireNode,
    ("v1", "Pod"): WirePod,
    ("v1", "Service"): WireAsked,
    ("v1", "Endpoints"): WireEndpoints,
    ("discovery.k8s.io/v1", "EndpointSlice"): WireEndpointSlice,
    ("networking.k8s.io/v1", "Ingress"): WireIngress,
    ("networking.k8s.io/v1", "IngressClass"): WireIngressClass,
    ("networking.k8s.io/v1", "NetworkPolicy"): WireNetworkPolicy,
    ("networking.k8s.io/v1", "ServiceCIDR"): WireServiceCIDR,
    ("autoscaling/v2", "HorizontalPodAutoscaler"): WireScaler,
    **{("apps/v1", kind): WireWorkload for kind in ("Deployment", "StatefulSet", "DaemonSet")},
    ("apps/v1", "ReplicaSet"): WireWorkload,
    ("v1", "ReplicationController"): WireWorkload,
    ("batch/v1", "Job"): WireWorkload,
    ("batch/v1", "CronJob"): WireCronJob,
    **{(kind.api_version, kind.name.partition(".")[0]): Object for kind in VENDOR_KINDS},
}
WORDS = re.findall(
    r"\S+",
    """a b web a-0 a-1 shop default x kube-system TCP UDP SCTP ICMP In NotIn Exists DoesNotExist
    Ingress Egress 10.0.0.0/8 0.0.0.0/0 ::/0 10.244.1.7 fd00::7 203.0.113.9 192.168.0.1 None
    ClusterIP NodePort LoadBalancer ExternalName Local Cluster IPv4 IPv6 PreferDualStack
    RequireDualStack SingleStack Ready True Running Succeeded Always nginx k8s.io/ingress-nginx
    Indexed Deployment ReplicaSet Job Pod windows InternalIP ExternalIP Hostname Exact Prefix / VIP
    Proxy a.default.svc.cluster.local kubernetes.io/service-name app {{ <no value> ü 😀""",
)
TEXTS = st.sampled_from(WORDS) | st.text(max_size=4)
NUMBERS = st.sampled_from([0, 1, 2, 80, 8080, 30080, 65535, 65536, -1, 2**63]) | st.integers()
LEAVES = st.none() | st.booleans() | NUMBERS | st.floats() | TEXTS
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def like(known: inspect.Type) -> st.SearchStrategy[Json]:
    """Values that mostly are of a type."""
    fitting: st.SearchStrategy[Json]
    match known:
        case inspect.UnionType():
            fitting = st.one_of([like(each) for each in known.types])
        case inspect.ListType():
            fitting = st.lists(like(known.item_type), max_size=3)
        case inspect.DictType():
            fitting = st.dictionaries(TEXTS, like(known.value_type), max_size=3)
        case inspect.StructType():
            fields = {f.encode_name: like(f.type) for f in known.fields}
            needed = {f.encode_name: fields.pop(f.encode_name) for f in known.fields if f.required}
            fitting = st.fixed_dictionaries(needed, optional=fields)
        case inspect.IntType():
            fitting = NUMBERS
        case inspect.BoolType():
            fitting = st.booleans()
        case inspect.NoneType():
            fitting = st.none()
        case inspect.StrType():
            fitting = TEXTS
        case _:
            fitting = ANYTHING
    return st.integers(0, 29).flatmap(lambda odd: fitting if odd else ANYTHING)


def objects(version: str, kind: str, wire: type[Object]) -> st.SearchStrategy[Json]:
    """Objects that look like those of a kind, with names that meet those of others."""
    named = st.fixed_dictionaries(
        {"name": st.sampled_from("abs")},
        optional={
            "namespace": st.sampled_from(["default", "shop", "x"]),
            "uid": TEXTS,
            "labels": st.dictionaries(TEXTS, TEXTS, max_size=2),
            "annotations": st.dictionaries(TEXTS, TEXTS, max_size=2),
            "ownerReferences": ANYTHING,
        },
    )
    return st.builds(
        lambda body, meta: (
            {**body, "apiVersion": version, "kind": kind, **meta}
            if isinstance(body, dict)
            else body
        ),
        like(inspect.type_info(wire)),
        st.fixed_dictionaries({}, optional={"metadata": named}),
    )


CLUSTERS = st.lists(st.one_of([objects(*key, wire) for key, wire in WIRES.items()]), max_size=8)
CORPUS = [path.read_text() for path in sorted(SAMPLES.glob("*.yaml"))]
BITS = st.sampled_from(["", "\n", " ", "  ", "\t", "-", "---\n", "...\n", ":", ": ", "{", "}", "[",
    "]", "&a ", "*a", "<<: *a", "!!int ", "!x ", "|\n", ">", "'", '"', "#", "%", "@", "`", "? ",
    "null", "yes", "0", "9" * 30, "\x00", "﻿", "ü", "{{ .x }}", "\r\n"])  # fmt: skip


ENDS = "\n\r\x85\u2028\u2029"
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")


def asked(data: bytes) -> None:
    """Read some bytes, and ask the engine for all ways in and between."""
    snapshot = read(["-"], io.BytesIO(data))
    lines = 1 + sum(data.count(end.encode(encoding)) for end in ENDS for encoding in ENCODINGS)
    for problem in snapshot.problems:
        name, _, line = problem.place.rpartition(":")
        assert problem.text
        assert name == "-"
        assert 1 <= int(line) <= lines
    reach = Reachability(snapshot.facts, Assumptions())
    assert isinstance(reach.exposures, list)
    parties = [p for pod in reach.identity.pods for p in reach.identity.pod_parties(pod, "IPv4")]
    for source in parties[:4]:
        for target in parties[:4]:
            reach.paths.to_party(source, target, 80)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    asked(data)


@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "latin-1"]))
def test_any_text(text: str, encoding: str) -> None:
    asked(text.encode(encoding, errors="replace"))


@given(st.data())
def test_manifests_that_were_bitten(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(CORPUS))
    begin = data.draw(st.integers(0, len(text)))
    text = text[begin : begin + data.draw(st.integers(0, 3000))]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text)))
        until = at + data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(BITS) + text[until:]
    asked(text.encode())


@given(CLUSTERS, st.booleans())
def test_objects_with_anything_in_their_fields(cluster: list[Json], flow: bool) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": cluster}
    asked(yaml.safe_dump(listed, default_flow_style=flow, allow_unicode=True).encode())


@given(CLUSTERS)
def test_the_same_as_json(cluster: list[Json]) -> None:
    asked("\n".join(map(json.dumps, cluster)).encode())
