"""A live cluster with manifests applied: they change what they say, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import pytest
import yaml

from cases.engine_answers import read_facts
from cluster.objects import dig
from engine.listed import Line, flows_of
from engine.samplestates import running, states
from reachaudit.model.facts import Namespace, Node, Pod, Service
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.listing.asking import Request, listing
from reachaudit.settings import Assumptions
from reachaudit.watch.files import read
from reachaudit.watch.files.applied import applied

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cluster.objects import KubeObject

STATES = states()


def cluster(objects: Iterable[KubeObject]) -> Facts:
    """A state as an API server holds it, with what it allocates to Services."""
    return Facts(read_facts(map(_allocated, running(objects))))


def _allocated(each: KubeObject) -> KubeObject:
    spec, own = each.get("spec"), crc32(repr(name_of(each)).encode()) % 250
    if each["kind"] != "Service" or not isinstance(spec, dict) or "externalName" in spec:
        return each
    opens = spec.get("type") in ("NodePort", "LoadBalancer")
    given = {"nodePort": 30200 + own} if opens else {}
    ports = [{**given, **port} for port in spec.get("ports", [])]
    return {**each, "spec": {"clusterIP": f"10.96.1.{own}", **spec, "ports": ports}}


def manifests(path: Path, *objects: KubeObject | str) -> Facts:
    """What files say, given as objects or YAML."""
    file = path / "applied.yaml"
    texts = [each if isinstance(each, str) else yaml.safe_dump(each) for each in objects]
    file.write_text("\n---\n".join(texts))
    found = read([str(file)])
    assert not found.problems
    return found.facts


def lines(facts: Facts) -> set[Line]:
    found = listing(facts, Assumptions(), Request())
    return flows_of(found.peers, found.alike())


@pytest.fixture
def live() -> Facts:
    return cluster(STATES[0])


def test_the_manifests_that_a_cluster_runs_change_nothing(live: Facts, tmp_path: Path) -> None:
    assert lines(applied(live, manifests(tmp_path, *STATES[0]))) == lines(live)


@pytest.mark.parametrize("step", range(1, len(STATES)))
def test_what_is_applied_is_as_if_it_had_been_there(step: int, tmp_path: Path) -> None:
    """But for what goes: it is in no manifest, and stays."""
    before, after = ({name_of(each): each for each in STATES[i]} for i in (step - 1, step))
    wanted = cluster({**before, **after}.values())
    found = applied(cluster(before.values()), manifests(tmp_path, *after.values()))
    assert lines(found) == lines(wanted)


def name_of(each: KubeObject) -> tuple[object, ...]:
    return each["kind"], dig(each, "metadata", "namespace"), dig(each, "metadata", "name")


POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 7
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: new}}
    spec: {containers: [{name: web, image: i, ports: [{name: http, containerPort: 9999}]}]}
"""


def test_running_pods_keep_their_places_and_number(live: Facts, tmp_path: Path) -> None:
    found = applied(live, manifests(tmp_path, POD))
    old, new = ([p for p in each.within(Pod, "shop") if "web" in p.name] for each in (live, found))
    assert [(p.name, p.addresses, p.node, p.owner) for p in new] == [
        (p.name, p.addresses, p.node, p.owner) for p in old
    ]
    assert {("tier", "new")} <= set(new[0].labels)
    assert new[0].ports[0].number == 9999


def test_labels_that_controllers_set_stay_with_a_pod() -> None:
    objects = running(STATES[0])
    for each in objects:
        if each["kind"] == "Pod" and dig(each, "metadata", "namespace") == "shop":
            labels = dig(each, "metadata", "labels")
            assert isinstance(labels, dict)
            labels["pod-template-hash"] = "abc"
    live = Facts(read_facts(objects))
    found = applied(live, live)
    [web, *_] = [p for p in found.within(Pod, "shop") if p.name.startswith("web")]
    assert ("pod-template-hash", "abc") in web.labels


def test_endpoints_follow_the_new_template(live: Facts, tmp_path: Path) -> None:
    """Its Service names the port: the flows by the Ingress come to another one."""
    found = lines(applied(live, manifests(tmp_path, POD)))
    assert {x.ports for x in found if x.target == "shop/web[Deployment]" and x.path} == set()
    opened = applied(live, manifests(tmp_path, POD, OPEN))
    assert {x.ports for x in lines(opened) if x.target == "shop/web[Deployment]" and x.path} == {
        "9999"
    }


OPEN = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec: {podSelector: {matchLabels: {tier: new}}, policyTypes: [Ingress], ingress: [{}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: controller, namespace: ingress-nginx}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}
"""
PLAIN = """
apiVersion: v1
kind: Service
metadata: {name: erp, namespace: legacy}
spec: {type: LoadBalancer, selector: {app: erp}, ports: [{port: 443, targetPort: https}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: legacy, labels: {team: red}}
"""


def test_what_the_cluster_gave_stays(live: Facts, tmp_path: Path) -> None:
    ref = Ref("Service", "legacy", "erp")
    found = applied(live, manifests(tmp_path, PLAIN))
    assert found.get(Service, ref) == live.get(Service, ref)
    space = found.get(Namespace, Ref("Namespace", "", "legacy"))
    assert space is not None
    assert dict(space.labels) == {"team": "red", "kubernetes.io/metadata.name": "legacy"}
    assert [node.name for node in found.of(Node)] == [node.name for node in live.of(Node)]


def test_a_new_workload_runs_where_nobody_knows(live: Facts, tmp_path: Path) -> None:
    found = applied(live, manifests(tmp_path, POD.replace("name: web, ", "name: fresh, ")))
    assert {x.source for x in lines(found)} - {x.source for x in lines(live)} == {
        "shop/fresh[Deployment]"
    }
