"""The stand-ins do what nodes and a cloud do, seen through the API alone."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cluster.api import Api
from cluster.cloud import IngressAddresses, LoadBalancers
from cluster.controlplane import ControlPlane
from cluster.kubelets import Kubelets
from cluster.namespaces import create_namespace
from cluster.objects import KubeObject, dig, objects, text
from cluster.waiting import wait_for

pytestmark = pytest.mark.live

CONTAINER = {"name": "main", "image": "example.com/web:1", "ports": [{"containerPort": 8080}]}


@pytest.fixture(scope="module")
def controlplane() -> Iterator[ControlPlane]:
    with ControlPlane() as running:
        yield running


@pytest.fixture(scope="module")
def kubelets(controlplane: ControlPlane) -> Iterator[Kubelets]:
    with ExitStack() as running:
        running.enter_context(LoadBalancers(controlplane.api))
        running.enter_context(IngressAddresses(controlplane.api, {"public": "203.0.113.80"}))
        yield running.enter_context(Kubelets(controlplane.api, nodes=3, external=1))


@pytest.fixture
def api(controlplane: ControlPlane, kubelets: Kubelets) -> Api:
    assert kubelets.nodes
    return controlplane.api


@pytest.fixture
def namespace(api: Api) -> str:
    return create_namespace(api, "standins")


def workload(kind: str, name: str, namespace: str, **pod: object) -> KubeObject:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [CONTAINER], **pod},
            },
        },
    }


def service(name: str, namespace: str, **spec: object) -> KubeObject:
    ports = [{"port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": ports, **spec},
    }


def pods(api: Api, namespace: str, app: str) -> list[KubeObject]:
    found = api.list("v1", "Pod", namespace, labelSelector=f"app={app}").items
    return [pod for pod in found if text(pod, "status", "phase") == "Running"]


def running(api: Api, namespace: str, app: str, count: int) -> list[KubeObject]:
    return wait_for(
        lambda: found if len(found := pods(api, namespace, app)) == count else None,
        f"{count} pods of {app} run",
    )


def ready_addresses(api: Api, namespace: str, service: str) -> set[str]:
    selector = f"kubernetes.io/service-name={service}"
    slices = api.list("discovery.k8s.io/v1", "EndpointSlice", namespace, labelSelector=selector)
    endpoints = (each for found in slices.items for each in objects(found, "endpoints"))
    return {
        text(each, "addresses", 0) for each in endpoints if dig(each, "conditions", "ready") is True
    }


def test_a_deployment_runs_and_its_service_has_ready_endpoints(api: Api, namespace: str) -> None:
    api.apply(workload("Deployment", "web", namespace))
    api.patch("apps/v1", "Deployment", "web", namespace, change={"spec": {"replicas": 6}})
    api.apply(service("web", namespace, type="ClusterIP"))
    found = running(api, namespace, "web", 6)
    addresses = {text(pod, "status", "podIP") for pod in found}
    wait_for(lambda: ready_addresses(api, namespace, "web") == addresses, "all endpoints are ready")
    assert len(addresses) == 6
    for pod in found:
        number = text(pod, "spec", "nodeName").removeprefix("node-")
        assert text(pod, "status", "podIP").startswith(f"10.244.{number}.")
        assert text(pod, "status", "hostIP") == f"192.168.0.{number}"
    assert {text(pod, "spec", "nodeName") for pod in found} == {"node-1", "node-2", "node-3"}


def test_a_host_network_daemon_runs_on_every_node_under_its_address(
    api: Api, namespace: str
) -> None:
    api.apply(workload("DaemonSet", "agent", namespace, hostNetwork=True))
    found = running(api, namespace, "agent", 3)
    assert {(text(pod, "spec", "nodeName"), text(pod, "status", "podIP")) for pod in found} == {
        (f"node-{n}", f"192.168.0.{n}") for n in (1, 2, 3)
    }


def test_a_node_selector_is_kept(api: Api, namespace: str) -> None:
    selector = {"kubernetes.io/hostname": "node-2"}
    api.apply(workload("Deployment", "pinned", namespace, nodeSelector=selector))
    [pod] = running(api, namespace, "pinned", 1)
    assert text(pod, "spec", "nodeName") == "node-2"


def test_a_job_completes(api: Api, kubelets: Kubelets, namespace: str) -> None:
    manifest = workload("Job", "once", namespace, restartPolicy="Never")
    template = dig(manifest, "spec", "template")
    api.apply({**manifest, "apiVersion": "batch/v1", "spec": {"template": template}})
    [pod] = running(api, namespace, "once", 1)
    kubelets.complete(namespace, text(pod, "metadata", "name"))
    wait_for(
        lambda: dig(api.get("batch/v1", "Job", "once", namespace).body, "status", "succeeded") == 1,
        "the Job has succeeded",
    )


def test_deleted_pods_end_and_so_does_their_namespace(api: Api, namespace: str) -> None:
    api.apply(workload("StatefulSet", "db", namespace))
    running(api, namespace, "db", 1)
    api.delete("v1", "Namespace", namespace)

    def names() -> set[str]:
        return {text(each, "metadata", "name") for each in api.list("v1", "Namespace").items}

    wait_for(lambda: namespace not in names(), "the namespace is gone", 40)
    assert not api.list("v1", "Pod", namespace).items


def test_nodes_have_the_addresses_of_a_cluster(api: Api) -> None:
    nodes = {text(node, "metadata", "name"): node for node in api.list("v1", "Node").items}
    assert nodes.keys() == {"node-1", "node-2", "node-3"}
    assert external_ips(nodes["node-1"]) == ["203.0.113.1"]
    assert external_ips(nodes["node-2"]) == []
    assert text(nodes["node-3"], "spec", "podCIDR") == "10.244.3.0/24"


def external_ips(node: KubeObject) -> list[str]:
    addresses = objects(node, "status", "addresses")
    return [text(each, "address") for each in addresses if text(each, "type") == "ExternalIP"]


def test_the_cloud_gives_each_load_balancer_its_own_address(api: Api, namespace: str) -> None:
    api.apply(service("one", namespace, type="LoadBalancer"))
    api.apply(service("two", namespace, type="LoadBalancer"))
    api.apply(service("inner", namespace, type="NodePort"))
    addresses = [load_balancer(api, "Service", name, namespace) for name in ("one", "two")]
    assert len(set(addresses)) == 2
    assert all(address.startswith("203.0.113.2") for address in addresses)
    inner = api.get("v1", "Service", "inner", namespace).body
    assert not objects(inner, "status", "loadBalancer", "ingress")


def test_ingresses_of_a_known_class_get_its_address(api: Api, namespace: str) -> None:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    for name, ingress_class in (("shop", "public"), ("other", "unknown")):
        api.apply(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"ingressClassName": ingress_class, "defaultBackend": backend},
            }
        )
    assert load_balancer(api, "Ingress", "shop", namespace) == "203.0.113.80"
    other = api.get("networking.k8s.io/v1", "Ingress", "other", namespace).body
    assert not objects(other, "status", "loadBalancer", "ingress")


def load_balancer(api: Api, kind: str, name: str, namespace: str) -> str:
    api_version = "v1" if kind == "Service" else "networking.k8s.io/v1"

    def address() -> str:
        found = api.get(api_version, kind, name, namespace).body
        return text(found, "status", "loadBalancer", "ingress", 0, "ip")

    return wait_for(address, f"{kind} {name} has an address")


def test_stand_ins_survive_the_api_server(controlplane: ControlPlane, api: Api) -> None:
    namespace = create_namespace(api, "standins")
    api.apply(workload("Deployment", "before", namespace))
    running(api, namespace, "before", 1)
    controlplane.kill_api_server()
    controlplane.start_api_server()
    api.apply(workload("Deployment", "after", namespace))
    found = running(api, namespace, "before", 1) + running(api, namespace, "after", 1)
    assert len({text(pod, "status", "podIP") for pod in found}) == 2


def test_dual_stack_and_the_real_scheduler() -> None:
    with (
        ControlPlane(scheduler=True) as controlplane,
        Kubelets(controlplane.api, nodes=1, dual_stack=True, binds=False),
    ):
        controlplane.api.apply(workload("Deployment", "web", "default"))
        [pod] = running(controlplane.api, "default", "web", 1)
        ips = [text(each, "ip") for each in objects(pod, "status", "podIPs")]
    assert ips == ["10.244.1.2", "fd00:10:244:1::2"]
