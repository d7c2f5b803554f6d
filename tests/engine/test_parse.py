"""Whatever an API server or a file holds: a fact or a problem, never an exception, and soon."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachaudit.model.facts import EndpointSlice, OpaquePolicy, Pod, Service, ServicePort
from reachaudit.model.ip import parse_address, parse_block
from reachaudit.model.kinds import (
    ENDPOINT_SLICE,
    INGRESS,
    KINDS,
    NETWORK_POLICY,
    POD,
    SERVICE,
    Kind,
)
from reachaudit.model.parse import MOST_PROBLEMS

if TYPE_CHECKING:
    from cases.apiobject import Json, Object

ALLOW_LIST = "nginx.ingress.kubernetes.io/whitelist-source-range"
# The names of fields that are read, so that random documents often hit one.
FIELDS = re.findall(
    r"\S+",
    """apiVersion kind metadata name namespace labels annotations ownerReferences controller
    spec status podSelector namespaceSelector matchLabels matchExpressions key operator values
    policyTypes ingress egress from to ports port endPort protocol ipBlock cidr except nodeName
    hostNetwork containers initContainers containerPort hostPort hostIP restartPolicy phase podIP
    podIPs ip conditions type addresses address podCIDR podCIDRs selector clusterIP clusterIPs
    externalIPs ipFamilies targetPort nodePort loadBalancer hostname ipMode addressType endpoints
    targetRef rules host http paths path pathType backend service number resource tls hosts
    defaultBackend ingressClassName cidrs kubernetes.io/ingress.class cloud.google.com/neg
    nginx.ingress.kubernetes.io/whitelist-source-range""",
)
WORDS = [*FIELDS, "TCP", "In", "Exists", "None", "10.0.0.0/8", "::1", "1.2.3.4", "web", "Ready"]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 70000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=5)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5)
    ),
    max_leaves=25,
)
OBJECTS = st.fixed_dictionaries(
    {"metadata": st.fixed_dictionaries({"name": st.just("n")}, optional={"labels": DOCUMENTS})},
    optional={"spec": DOCUMENTS, "status": DOCUMENTS, "ports": DOCUMENTS, "endpoints": DOCUMENTS},
)


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(KINDS), document=DOCUMENTS | OBJECTS)
def test_any_document_gives_an_item(kind: Kind, document: Json) -> None:
    written = kind.parse(json.dumps(document).encode())
    built = kind.parse(document)
    assert written.ref.kind == built.ref.kind == kind.name
    assert written.fact is not None or written.problems
    assert written.fact == built.fact


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(KINDS), raw=st.binary(max_size=60))
def test_any_bytes_give_an_item(kind: Kind, raw: bytes) -> None:
    item = kind.parse(raw)
    assert item.fact is not None or item.problems


def annotated(key: str, value: str) -> Json:
    return {"metadata": {"name": "n", "namespace": "x", "annotations": {key: value}}}


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (
            INGRESS,
            annotated(
                "nginx.ingress.kubernetes.io/whitelist-source-range", "1.2.3.4/" + "9" * 5000
            ),
        ),
        (INGRESS, annotated("nginx.ingress.kubernetes.io/whitelist-source-range", "0" * 250_000)),
        (SERVICE, annotated("cloud.google.com/neg", '{"a":' + "[" * 100_000)),
        (
            SERVICE,
            annotated(
                "cloud.google.com/neg", '{"ingress":true,"a":' + "[" * 3000 + "]" * 3000 + "}"
            ),
        ),
    ],
    ids=["a length of 5000 digits", "250000 zeros", "no end", "3000 deep"],
)
def test_nobody_hides_an_object_behind_an_annotation(kind: Kind, document: Json) -> None:
    assert kind.parse(document).fact is not None


def test_a_policy_that_cannot_be_read_is_not_an_absent_one() -> None:
    item = NETWORK_POLICY.parse(
        {"metadata": {"name": "p", "namespace": "x"}, "spec": {"ingress": 1}}
    )
    assert isinstance(item.fact, OpaquePolicy)
    [problem] = item.problems
    assert "$.spec.ingress" in problem


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("10.0.0.0/" + "0" * 5000 + "8", "10.0.0.0/8"),
        ("010.0.0.0/8", "10.0.0.0/8"),
        ("10.0.1.5/24", "10.0.1.0/24"),
        ("::ffff:1.2.3.0/120", "1.2.3.0/24"),
        ("::ffff:010.1.2.3/128", "10.1.2.3/32"),
        ("0fd00::00001/64", "fd00::/64"),
        ("::ffff:1.2.3.4/96", "0.0.0.0/0"),
        ("::ffff:1.2.3.4/95", "::fffe:0:0/95"),
        ("::ffff:1.2.3.4/129", "None"),
        ("fe80::1%eth0/64", "None"),
        ("1.2.3.4/33", "None"),
        ("1.2.3.4/", "None"),
        ("1.2.3/8", "None"),
        ("1::2::3/64", "None"),
        ("12345::/16", "None"),
    ],
)
def test_blocks_are_read_as_the_api_server_does(text: str, read: str) -> None:
    """NP-33; checked against k8s.io/utils/net."""
    assert str(parse_block(text)) == read


def test_an_address_of_many_zeros_is_one_address() -> None:
    assert parse_address("0" * 250_000 + "1.2.3.4") == parse_address("1.2.3.4")


@pytest.mark.parametrize(
    ("kind", "part", "problem"),
    [
        (SERVICE, {"spec": {"ports": [{"port": 0}]}}, "spec.ports[0]: port 0 is not in 1-65535"),
        (
            SERVICE,
            {"spec": {"ports": [{"port": 80, "targetPort": 70000}]}},
            "spec.ports[0]: port 70000 is not in 1-65535",
        ),
        (
            SERVICE,
            {"spec": {"ports": [{"port": 80, "targetPort": "8080"}]}},
            "spec.ports[0]: '8080' is not a port name",
        ),
        (
            SERVICE,
            {"spec": {"ports": [{"port": 80, "nodePort": -1}]}},
            "spec.ports[0]: port -1 is not in 0-65535",
        ),
        (
            SERVICE,
            {"spec": {"internalTrafficPolicy": "local"}},
            "spec.internalTrafficPolicy: 'local' is not known; read as Cluster",
        ),
        (
            SERVICE,
            {"spec": {"externalTrafficPolicy": "local"}},
            "spec.externalTrafficPolicy: 'local' is not known; read as Cluster",
        ),
        (
            SERVICE,
            {"spec": {"ipFamilies": ["ipv4"]}},
            "spec.ipFamilies: 'ipv4' is neither IPv4 nor IPv6",
        ),
        (
            ENDPOINT_SLICE,
            {"addressType": "IPv4", "ports": [{"name": "", "port": 70000}]},
            "ports: port 70000 is not in 1-65535",
        ),
        (
            POD,
            {"spec": {"containers": [{"ports": [{"containerPort": 80, "hostPort": 70000}]}]}},
            "spec.containers[].ports: port 70000 is not in 0-65535",
        ),
    ],
)
def test_a_part_that_the_api_refuses_is_left_out_and_told(
    kind: Kind, part: Object, problem: str
) -> None:
    item = kind.parse({"metadata": {"name": "n", "namespace": "x"}, **part})
    assert item.problems == (problem,)
    match item.fact:
        case Service() | Pod() | EndpointSlice():
            assert item.fact.ports == ()
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize(
    ("part", "default"),
    [
        ({"ports": [{"port": 80}]}, {"ports": (ServicePort("", "TCP", 80, 80),)}),
        ({}, {"type": "ClusterIP", "internal_local": False, "external_local": False}),
        ({}, {"families": ("IPv4",)}),
    ],
)
def test_what_is_not_written_is_as_the_api_server_has_it(
    part: Object, default: dict[str, object]
) -> None:
    """M-9; the cases hold it of policies."""
    fact = SERVICE.parse({"metadata": {"name": "n"}, "spec": part}).fact
    assert fact is not None
    assert {name: getattr(fact, name) for name in default} == default
    assert fact.namespace == "default"


def test_a_policy_is_known_by_its_name_though_its_labels_are_none() -> None:
    item = NETWORK_POLICY.parse({"metadata": {"name": "p", "namespace": "x", "labels": {"v": 1.0}}})
    assert item.fact == OpaquePolicy("x", "p", kind_name="NetworkPolicy")
    assert item.problems == (
        "cannot be read: Expected `str`, got `float` - at `$.metadata.labels[...]`",
    )


def test_a_policy_without_a_name_is_no_absent_one() -> None:
    item = NETWORK_POLICY.parse({"metadata": {"namespace": "x"}})
    assert item.fact == OpaquePolicy("x", "?", kind_name="NetworkPolicy")
    assert item.problems == ("metadata.name: missing",)


def test_which_kinds_lie_in_no_namespace() -> None:
    assert {kind.name for kind in KINDS if not kind.namespaced} == {
        "Namespace",
        "Node",
        "IngressClass",
        "ServiceCIDR",
        "CiliumClusterwideNetworkPolicy.cilium.io",
        "GlobalNetworkPolicy.crd.projectcalico.org",
        "GlobalNetworkPolicy.projectcalico.org",
        "ClusterNetworkPolicy.crd.antrea.io",
        "AdminNetworkPolicy.policy.networking.k8s.io",
        "BaselineAdminNetworkPolicy.policy.networking.k8s.io",
        "ClusterNetworkPolicy.policy.networking.k8s.io",
    }


def test_an_annotation_of_many_faults_has_few_problems() -> None:
    def problems(entries: list[str]) -> tuple[str, ...]:
        annotations = {ALLOW_LIST: ",".join(entries)}
        metadata = {"namespace": "n", "name": "i", "annotations": annotations}
        return INGRESS.parse({"metadata": metadata, "spec": {}}).problems

    of_list = [each for each in problems(["x"] * 1000) if ALLOW_LIST in each]
    assert of_list == [f"metadata.annotations[{ALLOW_LIST}]: 'x/32' is not a CIDR"]
    told = problems([f"x{number}" for number in range(1000)])
    assert len(told) == MOST_PROBLEMS + 1
    assert told[-1] == f"metadata: {1000 + len(problems([])) - MOST_PROBLEMS} more problems"
