"""The sample world comes up on the real API server, and takes its changes."""

import time
from collections.abc import Iterator

import pytest

from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.objects import KubeObject, dig, objects, text
from cluster.rest import ApiError
from demo import samples
from demo.settled import await_settled, pending
from demo.world import sample_world
from reachaudit.model.kinds import KINDS

pytestmark = pytest.mark.live

SECONDS_TO_COME_UP = 15


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with ControlPlane() as controlplane:
        start = time.monotonic()
        with sample_world(controlplane.api):
            assert time.monotonic() - start < SECONDS_TO_COME_UP
            yield controlplane.api


def test_every_workload_has_pods_on_its_nodes(api: Api) -> None:
    pods = api.list("v1", "Pod").items
    assert {text(pod, "status", "phase") for pod in pods} == {"Running"}
    exporters = [pod for pod in pods if text(pod, "metadata", "labels", "app") == "node-exporter"]
    nodes = {text(pod, "spec", "nodeName") for pod in exporters}
    assert len(nodes) == len(exporters) == len(api.list("v1", "Node").items)


def test_the_operator_can_read_every_object(api: Api) -> None:
    for kind in KINDS:
        if not kind.optional:
            found = api.request("GET", kind.path).items
            items = [kind.parse(each) for each in found]
            assert [item.problems for item in items] == [()] * len(items)
            assert found or kind.name == "Job"


def test_the_api_server_refuses_what_it_does_not_know(api: Api) -> None:
    [service] = samples.read(samples.SAMPLES / "changes" / "2-open-node-port" / "apply.yaml")
    misspelt = {**service, "spec": {"selektor": {"role": "db"}}}
    with pytest.raises(ApiError, match="selektor"):
        samples.apply(api, (misspelt,))


def test_a_world_that_is_not_up_says_what_is_missing(api: Api) -> None:
    place(api, "cart", {"disk": "none"})  # no node has this label
    with pytest.raises(TimeoutError, match="endpoints of Service shop/cart"):
        await_settled(api, seconds=0.5)
    place(api, "cart", None)
    await_settled(api)


def test_the_changes_are_accepted_in_turn(api: Api) -> None:
    for change in samples.changes():
        answers = change.make(api)
        assert len(answers) == len(change.apply) + len(change.delete)
        assert [each.at for each in answers] == sorted(each.at for each in answers)
    await_settled(api)
    # A ClusterIP Service again, without a node port left behind.
    spec = api.get("v1", "Service", "db", "data").body["spec"]
    assert text(spec, "type") == "ClusterIP"
    assert all("nodePort" not in port for port in objects(spec, "ports"))
    assert dig(api.get("v1", "Service", "erp-print", "legacy").body, "spec", "externalIPs") is None
    assert pending(api) == []


def place(api: Api, deployment: str, node_selector: KubeObject | None) -> None:
    change = {"spec": {"template": {"spec": {"nodeSelector": node_selector}}}}
    api.patch("apps/v1", "Deployment", deployment, "shop", change=change)
