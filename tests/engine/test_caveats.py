"""What is said beside a verdict: where more than Kubernetes objects may decide."""

from __future__ import annotations

import pytest

from cases.engine_answers import EngineAnswers
from cases.manifests import read_manifests
from cases.world import World
from reachaudit.model.ip import parse_address
from reachaudit.reach.caveats import BEYOND, MESH, METADATA, caveats
from reachaudit.reach.ports import position

A, B, NODE = "10.244.1.10", "10.244.1.11", "192.168.0.1"
POLICY = "{kind: NetworkPolicy, metadata: {name: d, namespace: x}, spec: {podSelector: {}}}"


def said(source: str, target: str, *lines: str, manifests: str = "{}") -> tuple[str, ...]:
    """The caveats of one address dialling another on TCP 80."""
    world = World()
    for line in ("node n1 192.168.0.1", f"x/a @n1 {A}", f"y/b @n1 {B}", *lines):
        world.add_line(line)
    for obj in filter(None, read_manifests(manifests)):
        world.add_object(obj)
    reach = EngineAnswers(world.objects(), {}).reach
    one, other = (parse_address(text) for text in (source, target))
    assert one is not None
    assert other is not None
    at, port = reach.identity.at, position("TCP", 80)
    return caveats(reach.facts, reach.paths.to_party(at(one), at(other), port))


@pytest.mark.parametrize(
    "line",
    [
        "ns x istio-injection=enabled",
        "ns x istio.io/dataplane-mode=ambient",
        "ns x kuma.io/sidecar-injection=enabled",
        f"x/a @n1 {A} sidecar.istio.io/inject=true",
        f"y/b @n1 {B} linkerd.io/control-plane-ns=linkerd",
    ],
)
def test_a_mesh_at_either_end_is_told(line: str) -> None:
    """UNK-3: by the labels of the pod or of its namespace."""
    assert said(B, A, line) == (MESH,)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("ns x istio-injection=disabled",),
        ("ns x istio-injection=enabled", f"x/a @n1 {A} sidecar.istio.io/inject=false"),
    ],
)
def test_where_no_mesh_is_nothing_is_said_of_one(lines: tuple[str, ...]) -> None:
    assert said(B, A, *lines) == ()


def test_the_ways_out_of_the_cluster_have_other_guards() -> None:
    """UNK-4."""
    assert said(A, "203.0.113.7") == (BEYOND,)
    assert said(A, NODE) == (BEYOND,)
    assert said("203.0.113.7", NODE) == (BEYOND,)


def test_metadata_may_be_answered_by_another() -> None:
    """EXT-7."""
    assert said(A, "169.254.169.254") == (BEYOND, METADATA)


def test_what_does_not_pass_needs_no_caveat() -> None:
    mesh = "ns x istio-injection=enabled"
    assert said(B, A, mesh, manifests=POLICY) == ()
    assert said("203.0.113.7", A, mesh) == ()
