"""Clusters are as their shapes say, and the same for the same seed, whatever the process."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.clusters import Cluster, cluster
from bench.edits import (
    Edit,
    creation,
    edits,
    fresh_blocks,
    fresh_label_keys,
    namespaces_relabelled,
    pods_replaced,
)
from bench.policies import DENY_ALL
from bench.shapes import SHAPES, Shape
from reachaudit.model.facts import (
    EndpointSlice,
    Ingress,
    Namespace,
    NetworkPolicy,
    Node,
    Pod,
    Service,
)
from reachaudit.model.store import Facts
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions

_ROOT = Path(__file__).parents[2]
SMALL = Shape(
    namespaces=12,
    workloads=60,
    pods=300,
    nodes=20,
    services=40,
    ingresses=10,
    policies=200,
    cidrs=20,
    cidrs_over_pods=5,
)
SINGLE = Shape(
    namespaces=6,
    workloads=120,
    pods=120,
    nodes=20,
    services=10,
    ingresses=3,
    policies=100,
    cidrs=5,
    cidrs_over_pods=2,
    single=True,
)


def digest(made: Cluster, seed: int) -> str:
    text = f"{made.facts}{_all_edits(made, seed)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _all_edits(made: Cluster, seed: int) -> list[Edit]:
    return [
        *edits(made, seed),
        *pods_replaced(made, seed, 50),
        *namespaces_relabelled(made, seed),
        *fresh_label_keys(made, seed),
        *fresh_blocks(made, seed),
    ]


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_gives_the_same_cluster_and_edits_in_every_process(hash_seed: str) -> None:
    script = "from bench import test_clusters as t; print(t.digest(t.cluster(t.SMALL, 7), 7))"
    path = f"{_ROOT / 'tests'}:{_ROOT / 'operator'}"
    env = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hash_seed}
    out = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True)
    assert out.stdout.decode().strip() == digest(cluster(SMALL, 7), 7)


def test_another_seed_gives_another_cluster() -> None:
    assert digest(cluster(SMALL, 7), 7) != digest(cluster(SMALL, 8), 8)


@pytest.mark.parametrize("shape", [SMALL, SINGLE, SHAPES["2k"], SHAPES["10k"]])
def test_a_cluster_has_just_what_its_shape_says(shape: Shape) -> None:
    made = cluster(shape, 1)
    found = Counter(type(fact) for fact in made.facts)
    numbers = (Namespace, Pod, Node, Service, Ingress, NetworkPolicy)
    assert [found[kind] for kind in numbers] == [
        shape.namespaces,
        shape.pods,
        shape.nodes,
        shape.services,
        shape.ingresses,
        shape.policies,
    ]
    assert len(made.workloads) == shape.workloads
    assert len({fact.ref for fact in made.facts}) == len(made.facts)


@pytest.mark.parametrize("shape", [SHAPES["2k"], SHAPES["10k"]])
def test_policies_speak_of_as_many_cidrs_as_the_shape_says(shape: Shape) -> None:
    made = cluster(shape, 1)
    spoken = {
        peer.block
        for policy in made.policies
        for rule in (*policy.ingress, *policy.egress)
        for peer in rule.peers or ()
        if peer.block
    }
    whole = made.nodes.pod_range
    cutting = [b for b in spoken if whole.first <= b.first and b.last <= whole.last]
    assert len(spoken) == shape.cidrs
    assert len(cutting) == shape.cidrs_over_pods


def test_policies_tell_each_pod_of_a_single_shape_from_all_others() -> None:
    made = cluster(SINGLE, 1)
    reach = Reachability(Facts(made.facts), Assumptions())
    classes = reach.identity.classes.by_number.values()
    assert len({(each.namespace, each.matched, each.ports) for each in classes}) == SINGLE.pods


def test_two_policies_in_three_are_for_ingress() -> None:
    made = cluster(SHAPES["10k"], 1)
    ingress = [policy.isolates_ingress for policy in made.policies]
    assert 0.6 < sum(ingress) / len(ingress) < 0.75


def test_slices_hold_the_pods_of_their_service_a_hundred_at_most() -> None:
    made = cluster(Shape(5, 8, 1_200, 20, 8, 2, 20, 4, 1), 1)
    slices = [fact for fact in made.facts if isinstance(fact, EndpointSlice)]
    pods = {fact.ref: fact for fact in made.facts if isinstance(fact, Pod)}
    sizes = [len(piece.endpoints) for piece in slices]
    assert max(sizes) == 100
    for endpoint in (e for piece in slices for e in piece.endpoints):
        assert endpoint.pod is not None
        assert pods[endpoint.pod].addresses == (endpoint.address,)


def test_edits_are_of_eight_kinds_in_equal_parts() -> None:
    found = Counter(edit.kind for edit in edits(cluster(SMALL, 1), 1))
    assert len(found) == 8
    assert set(found.values()) == {30}


def test_every_edit_changes_facts_that_are_there_and_is_undone() -> None:
    made = cluster(SMALL, 1)
    before = {change.ref: change.new for change in creation(made.facts)}
    for edit in _all_edits(made, 1):
        after = dict(before)
        for change in (*edit.changes, *edit.undo):
            assert after.get(change.ref) == change.old
            assert change.old != change.new, edit.kind
            after[change.ref] = change.new
        assert {ref: fact for ref, fact in after.items() if fact} == before, edit.kind


def test_only_default_denies_are_removed_as_such() -> None:
    removed = [e for e in edits(cluster(SMALL, 1), 1) if e.kind == "default-deny removed"]
    assert {edit.changes[0].ref.name for edit in removed} == {DENY_ALL}
