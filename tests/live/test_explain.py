"""`reachaudit explain --live` against a real API server, beside the same objects in a file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.program import Done, reachaudit
from cli.schemas import assert_valid
from cluster.controlplane import ControlPlane
from cluster.kubelets import Kubelets
from cluster.namespaces import create_namespace
from cluster.objects import objects
from cluster.waiting import wait_for
from live.props import SHUT_INGRESS, ingress, ingress_class, policy, run_pod, service
from reachaudit.cli.command import CLUSTER, FINE, INPUT

pytestmark = pytest.mark.live

CLASS, HOST = "explained", "explained.example.com"
CONTROLLER = {
    "app.kubernetes.io/name": "ingress-nginx",
    "app.kubernetes.io/component": "controller",
}
KINDS = (
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("networking.k8s.io/v1", "ServiceCIDR"),
)
FROM_WEB = {
    **SHUT_INGRESS,
    "ingress": [
        {
            "from": [{"podSelector": {"matchLabels": {"app": "web"}}}],
            "ports": [{"port": 5432}],
        }
    ],
}


class Shop(NamedTuple):
    """A namespace, the kubeconfig of its cluster, and a file with all that is in the cluster."""

    name: str
    kubeconfig: Path
    exported: Path


@pytest.fixture(scope="module")
def shop(
    controlplane: ControlPlane,
    kubelets: Kubelets,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    """A web that an Ingress and a node port lead to, and a database that only it may dial."""
    api = controlplane.api
    name = create_namespace(api, "shop")
    api.create(ingress_class(CLASS, "k8s.io/ingress-nginx"))
    for app in ("web", "db", "edge"):
        run_pod(api, name, app, {"app": app, **(CONTROLLER if app == "edge" else {})})
    api.create(policy(name, "db", "db", FROM_WEB))
    api.create(service(name, "web", "web"))
    api.create(service(name, "edge", "edge", type="NodePort"))
    api.create(ingress(name, "web", {HOST: "web"}, CLASS))

    def endpoints() -> int:
        slices = api.list("discovery.k8s.io/v1", "EndpointSlice", name).items
        return sum(len(objects(each, "endpoints")) for each in slices)

    wait_for(lambda: endpoints() == 2, "both Services have their endpoint")
    items = [
        {"apiVersion": version, "kind": kind, **item}
        for version, kind in KINDS
        for item in api.list(version, kind).items
    ]
    exported = tmp_path_factory.mktemp("exported") / "cluster.json"
    exported.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    yield Shop(name, controlplane.admin_kubeconfig, exported)
    api.delete("v1", "Namespace", name)
    api.delete("networking.k8s.io/v1", "IngressClass", CLASS)


def live(shop: Shop, *arguments: str) -> Done:
    return reachaudit("explain", *arguments, "--live", "--kubeconfig", str(shop.kubeconfig))


def head(shop: Shop, *arguments: str) -> str:
    """The first line of what is told, after what tools read was compared with the file's."""
    told, filed = (
        live(shop, *arguments, "-o", "json"),
        reachaudit("explain", *arguments, str(shop.exported), "-o", "json"),
    )
    assert (told.code, told.err, filed.code, filed.err) == (FINE, "", FINE, "")
    assert_valid(told.out, "explain.v1")
    assert json.loads(told.out)["answers"] == json.loads(filed.out)["answers"]
    return live(shop, *arguments).out.splitlines()[0].replace(shop.name, "shop")


def test_what_is_open_and_what_is_shut(shop: Shop) -> None:
    ends = (f"{shop.name}/web", f"{shop.name}/db")
    assert head(shop, *ends, "--port", "5432") == "ALLOW  shop/web[Pod] → shop/db[Pod] 5432/TCP"
    back = head(shop, *reversed(ends), "--port", "80")
    assert back == "ALLOW  shop/db[Pod] → shop/web[Pod] 80/TCP"
    shut = head(shop, f"{shop.name}/edge", f"{shop.name}/db", "--port", "5432")
    assert shut == (
        "DENY  shop/edge[Pod] → shop/db[Pod] 5432/TCP: ingress shut by NetworkPolicy shop/db"
    )


def test_the_change_that_is_named_opens_it_in_the_cluster(
    shop: Shop, controlplane: ControlPlane
) -> None:
    """What is printed is applied, and the answer is another: the API server takes it as it is."""
    ends = (f"{shop.name}/edge", f"{shop.name}/db", "--port", "5432")
    document = json.loads(live(shop, *ends, "-o", "json").out)
    changes = [c for flip in document["answers"][0]["flips"] for c in flip["changes"]]
    [made] = [change["manifest"] for change in changes if change["manifest"]]
    controlplane.api.create(made)
    assert live(shop, *ends).out.startswith("ALLOW")
    controlplane.api.delete(made["apiVersion"], made["kind"], made["metadata"]["name"], shop.name)
    assert live(shop, *ends).out.startswith("DENY")


def test_from_the_internet_by_an_ingress_and_a_node_port(shop: Shop) -> None:
    by_ingress = head(shop, "internet", f"ing:{HOST}/")
    assert by_ingress == "ALLOW  internet → ing:explained.example.com/ 80/TCP"
    told = live(shop, "internet", f"ing:{HOST}/").out
    assert f"{shop.name}/edge" in told
    assert f"{shop.name}/web" in told
    by_node_port = head(shop, "internet", f"nodeport:{shop.name}/edge")
    assert by_node_port.startswith("ALLOW  internet → nodeport:shop/edge 3")
    assert head(shop, "internet", f"{shop.name}/web", "--port", "8080").startswith("NO_PATH")


def test_a_name_that_is_not_there_is_one_sentence(shop: Shop) -> None:
    told = live(shop, f"{shop.name}/wbe", f"{shop.name}/db")
    assert (told.code, told.out) == (INPUT, "")
    assert f"did you mean {shop.name}/web" in told.err


def test_a_cluster_that_cannot_be_read_is_one_sentence(controlplane: ControlPlane) -> None:
    kubeconfig = controlplane.kubeconfig_for("default", "default")
    told = reachaudit("explain", "a/b", "a/c", "--live", "--kubeconfig", str(kubeconfig))
    assert (told.code, told.out) == (CLUSTER, "")
    [line] = told.err.splitlines()
    assert "does not let the kubeconfig" in line
