"""The pods that controllers would make of what files say."""

from pathlib import Path

import pytest

from files.filed import deployment, node, policy, reading, service
from reachaudit.model.facts import SOME_NODE, ContainerPort, Controller, Pod
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions
from reachaudit.watch.files.pods import JOB_INDEX, POD_INDEX, POD_NAME
from reachaudit.watch.files.templates import JOB_NAMES
from reachaudit.watch.snapshot import Snapshot

SPEC = "{metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}"


def workload(
    kind: str, spec: str, name: str = "a", version: str = "apps/v1", meta: str = ""
) -> str:
    """A workload in shop with a template."""
    return f"""
apiVersion: {version}
kind: {kind}
metadata: {{name: {name}, namespace: shop{meta}}}
spec: {{{spec}}}
"""


def names(snapshot: Snapshot) -> list[str]:
    assert not snapshot.problems
    return [pod.name for pod in snapshot.facts.of(Pod)]


def workloads(snapshot: Snapshot) -> set[str]:
    reach = Reachability(snapshot.facts, Assumptions())
    return {str(workload) for workload in reach.identity.workloads.values()}


@pytest.mark.parametrize(
    ("kind", "version", "spec", "pods"),
    [
        ("Deployment", "apps/v1", f"template: {SPEC}", 1),
        ("Deployment", "apps/v1", f"replicas: null, template: {SPEC}", 1),
        ("Deployment", "apps/v1", f"replicas: 0, template: {SPEC}", 0),
        ("Deployment", "apps/v1", f"replicas: 2, template: {SPEC}", 2),
        ("Deployment", "apps/v1", f"replicas: 2000000000, template: {SPEC}", 2),
        ("ReplicaSet", "apps/v1", f"replicas: 3, template: {SPEC}", 2),
        ("ReplicationController", "v1", f"replicas: 1, selector: {{app: a}}, template: {SPEC}", 1),
        ("StatefulSet", "apps/v1", f"replicas: 2000000000, template: {SPEC}", 2),
        ("DaemonSet", "apps/v1", f"template: {SPEC}", 2),
        ("Job", "batch/v1", f"template: {SPEC}", 1),
        ("Job", "batch/v1", f"parallelism: 5, template: {SPEC}", 2),
        ("Job", "batch/v1", f"parallelism: 5, completions: 1, template: {SPEC}", 1),
        ("Job", "batch/v1", f"parallelism: 0, template: {SPEC}", 0),
        ("Job", "batch/v1", f"suspend: true, template: {SPEC}", 0),
        ("CronJob", "batch/v1", f"jobTemplate: {{spec: {{template: {SPEC}}}}}", 1),
        ("CronJob", "batch/v1", f"jobTemplate: {{spec: {{parallelism: 2, template: {SPEC}}}}}", 2),
        ("CronJob", "batch/v1", f"suspend: true, jobTemplate: {{spec: {{template: {SPEC}}}}}", 0),
    ],
)
def test_none_one_or_two_pods_stand_for_all(
    tmp_path: Path, kind: str, version: str, spec: str, pods: int
) -> None:
    snapshot = reading(tmp_path, workload(kind, spec, version=version))
    assert names(snapshot) == ["a-0", "a-1"][:pods]
    assert workloads(snapshot) == ({f"shop/a[{kind}]"} if pods else set())
    assert all(pod.live and pod.ready for pod in snapshot.facts.of(Pod))


@pytest.mark.parametrize(("nodes", "pods"), [(1, 1), (2, 2), (5, 2)])
def test_a_daemon_set_has_a_pod_on_each_node(tmp_path: Path, nodes: int, pods: int) -> None:
    given = [node(f"n{number}") for number in range(nodes)]
    snapshot = reading(tmp_path, workload("DaemonSet", f"template: {SPEC}"), *given)
    assert len(names(snapshot)) == pods


def test_a_pod_has_what_its_template_says(tmp_path: Path) -> None:
    template = """
metadata:
  labels: {app: a}
  annotations: {k8s.v1.cni.cncf.io/networks: other}
spec:
  nodeName: n7
  hostNetwork: true
  os: {name: windows}
  initContainers:
    - {name: i, ports: [{name: first, containerPort: 1}]}
    - {name: s, restartPolicy: Always, ports: [{name: side, containerPort: 2, protocol: UDP}]}
  containers:
    - {name: c, args: [--ingress-class=inner], ports: [{name: web, containerPort: 3, hostPort: 4}]}
"""
    text = workload("Deployment", "").replace("spec: {}", "spec:\n  template:")
    text += "".join(f"    {line}\n" for line in template.strip().split("\n"))
    [pod] = reading(tmp_path, text).facts.of(Pod)
    assert pod.labels == (("app", "a"),)
    assert pod.ports == (
        ContainerPort("web", 3, "TCP", 4),
        ContainerPort("side", 2, "UDP", sidecar=True),
    )
    assert (pod.node, pod.host_network, pod.namespace) == ("n7", True, "shop")
    assert pod.ingress_classes == ("inner",)
    assert pod.extra_networks
    assert pod.other_platform


def test_pods_of_a_stateful_set_are_told_apart_by_their_labels(tmp_path: Path) -> None:
    snapshot = reading(
        tmp_path, workload("StatefulSet", f"replicas: 9, ordinals: {{start: 5}}, template: {SPEC}")
    )
    assert [dict(pod.labels) for pod in snapshot.facts.of(Pod)] == [
        {"app": "a", POD_NAME: f"a-{number}", POD_INDEX: str(number)} for number in (5, 6)
    ]


def test_a_pod_that_a_selector_singles_out_is_there_beside_two_others(tmp_path: Path) -> None:
    one = policy("a", "").replace("matchLabels: {app: a}", f"matchLabels: {{{POD_NAME}: a-0}}")
    peer = f"ingress: [{{from: [{{podSelector: {{matchLabels: {{{POD_INDEX}: '7'}}}}}}]}}]"
    two = policy("b", peer)
    three = service("a", "").replace("app: a", f"{POD_NAME}: a-4")
    others = f"{{key: {POD_NAME}, operator: NotIn, values: [a-5, a-99, a-05, b-6]}}"
    four = policy("c", f"egress: [{{to: [{{podSelector: {{matchExpressions: [{others}]}}}}]}}]")
    ten = workload("StatefulSet", f"replicas: 10, template: {SPEC}")
    snapshot = reading(tmp_path, ten, one, two, three, four)
    assert names(snapshot) == ["a-0", "a-1", "a-2", "a-4", "a-5", "a-7"]


def test_pods_of_jobs_have_the_labels_of_their_job(tmp_path: Path) -> None:
    snapshot = reading(
        tmp_path,
        workload(
            "Job", f"parallelism: 2, completionMode: Indexed, template: {SPEC}", version="batch/v1"
        ),
    )
    named = dict.fromkeys(JOB_NAMES, "a")
    assert [dict(pod.labels) for pod in snapshot.facts.of(Pod)] == [
        {"app": "a", JOB_INDEX: str(number), **named} for number in (0, 1)
    ]


def test_workloads_of_one_name_have_pods_of_their_own(tmp_path: Path) -> None:
    spec = f"replicas: 2, template: {SPEC}"
    bare = "apiVersion: v1\nkind: Pod\nmetadata: {name: a-3, namespace: shop}\n"
    kinds = ("Deployment", "StatefulSet", "ReplicaSet")
    snapshot = reading(tmp_path, *(workload(kind, spec) for kind in kinds), bare)
    assert names(snapshot) == ["a-0", "a-1", "a-2", "a-3", "a-4", "a-5", "a-6"]
    assert workloads(snapshot) == {f"shop/a[{kind}]" for kind in kinds} | {"shop/a-3[Pod]"}


OWNED = ", uid: u, ownerReferences: [{{apiVersion: apps/v1, kind: {}, name: a, controller: true}}]"


def test_what_was_exported_with_its_pods_makes_no_others(tmp_path: Path) -> None:
    replica_set = workload(
        "ReplicaSet", f"replicas: 3, template: {SPEC}", "a-x", meta=OWNED.format("Deployment")
    )
    old = workload(
        "ReplicaSet", f"replicas: 0, template: {SPEC}", "a-w", meta=OWNED.format("Deployment")
    )
    pod = """
apiVersion: v1
kind: Pod
metadata:
  name: a-x-1
  namespace: shop
  labels: {app: a}
  uid: u
  ownerReferences: [{kind: ReplicaSet, name: a-x, controller: true}]
spec: {nodeName: n1}
status:
  phase: Running
  podIP: 10.244.1.7
  podIPs: [{ip: 10.244.1.7}]
  conditions: [{type: Ready, status: "False"}]
"""
    top = workload("Deployment", f"replicas: 3, template: {SPEC}", meta=", uid: u")
    snapshot = reading(tmp_path, top, replica_set, old, pod)
    [only] = snapshot.facts.of(Pod)
    assert (only.name, only.node, only.ready) == ("a-x-1", "n1", False)
    assert [str(address) for address in only.addresses] == ["10.244.1.7"]
    assert workloads(snapshot) == {"shop/a[Deployment]"}
    assert [each.name for each in snapshot.facts.of(Controller)] == ["a-w", "a-x"]
    # Without the pods, those that there are by the ReplicaSet; they are the Deployment's too.
    snapshot = reading(tmp_path, top, replica_set, old)
    assert names(snapshot) == ["a-x-0", "a-x-1"]
    assert workloads(snapshot) == {"shop/a[Deployment]"}
    assert names(reading(tmp_path, top)) == ["a-0", "a-1"]


def test_a_job_that_is_over_has_no_pods(tmp_path: Path) -> None:
    over = workload("Job", f"template: {SPEC}", version="batch/v1")
    over += "status: {conditions: [{type: Complete, status: 'True'}]}\n"
    assert names(reading(tmp_path, over)) == []


@pytest.mark.parametrize(
    ("replicas", "most", "pods"), [("", 9, 2), ("replicas: 3,", 1, 1), ("replicas: 0,", 9, 0)]
)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_autoscaler_says_how_many_pods_there_may_be(
    tmp_path: Path, version: str, replicas: str, most: int, pods: int
) -> None:
    target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}"
    scaler = workload(
        "HorizontalPodAutoscaler", f"{target}, maxReplicas: {most}", "s", f"autoscaling/{version}"
    )
    snapshot = reading(tmp_path, workload("Deployment", f"{replicas} template: {SPEC}"), scaler)
    assert len(names(snapshot)) == pods


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n"


@pytest.mark.parametrize("status", ["", "status: {}", "status: null"])
def test_a_pod_without_a_status_will_run(tmp_path: Path, status: str) -> None:
    snapshot = reading(tmp_path, POD + status)
    [pod] = snapshot.facts.of(Pod)
    assert (pod.live, pod.ready, pod.node, pod.namespace) == (True, True, SOME_NODE, "default")
    assert [str(address) for address in pod.addresses] == ["some IPv4 address"]
    assert snapshot.assumptions == ("pods without a status run, are ready and have IPv4 addresses",)


def test_a_pod_that_waits_in_its_cluster_is_not_made_to_run(tmp_path: Path) -> None:
    snapshot = reading(tmp_path, POD + "status: {phase: Pending}")
    [pod] = snapshot.facts.of(Pod)
    assert not pod.live
    assert snapshot.assumptions == ()


def test_pods_run_on_the_only_node(tmp_path: Path) -> None:
    snapshot = reading(tmp_path, deployment("web"), node("n1", "192.168.0.1", "10.244.1.0/24"))
    assert {pod.node for pod in snapshot.facts.of(Pod)} == {"n1"}
    assert snapshot.assumptions == (
        "pods without a status run, are ready and have IPv4 addresses",
        "pods that name no node run on n1, the only one given",
    )
