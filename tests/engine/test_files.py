"""Manifests as files hold them: what is read, and what is told of what cannot be."""

from pathlib import Path

from reachaudit.model.facts import NetworkPolicy, Pod
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions
from reachaudit.watch.files import read

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}}
"""


def test_a_deployment_of_many_becomes_two_pods(tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text(DEPLOYMENT)
    snapshot = read([str(tmp_path)])
    pods = list(snapshot.facts.of(Pod))
    assert [pod.name for pod in pods] == ["web-0", "web-1"]
    identity = Reachability(snapshot.facts, Assumptions()).identity
    assert {str(identity.workloads[pod.ref]) for pod in pods} == {"shop/web[Deployment]"}
    assert all(pod.live for pod in pods)
    assert [policy.name for policy in snapshot.facts.of(NetworkPolicy)] == ["deny"]
    assert not snapshot.problems
