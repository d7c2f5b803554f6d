"""Why no audited kind has a kopf handler: kopf does not notice what was deleted in its absence.

Should this test fail one day, kopf has learnt it, and the design may be thought over.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping

import kopf
import pytest

from cluster.controlplane import ControlPlane
from cluster.etcd import registry_key
from live.manifests import policy, put_policy
from live.watched import until

pytestmark = pytest.mark.live

POLICIES = 20
KIND = "networking.k8s.io", "v1", "networkpolicies"


@pytest.fixture
def breakable() -> Iterator[ControlPlane]:
    """A control plane that no other test shares."""
    with ControlPlane() as running:
        yield running


class Seen:
    """What a kopf operator learns of NetworkPolicies, by both means that it has."""

    def __init__(self, login: kopf.ConnectionInfo) -> None:
        self.registry = kopf.OperatorRegistry()
        self.by_events: set[str] = set()
        self.by_index: object = None
        self._login = login
        kopf.on.login(registry=self.registry)(self.log_in)
        kopf.index(*KIND, id="policies", registry=self.registry)(self.index)
        kopf.on.event(*KIND, registry=self.registry)(self.note)

    def log_in(self, **_: object) -> kopf.ConnectionInfo:
        return self._login

    async def index(self, name: str, **_: object) -> dict[str, None]:
        return {name: None}

    async def note(self, event: Mapping[str, object], name: str, **kwargs: object) -> None:
        self.by_index = kwargs["policies"]
        gone = event["type"] == "DELETED"
        self.by_events = self.by_events - {name} if gone else self.by_events | {name}


async def test_kopf_keeps_what_is_gone(breakable: ControlPlane) -> None:
    etcd, api = breakable.etcd, breakable.api
    for number in range(POLICIES):
        put_policy(etcd, "default", f"p{number}")
    seen, stop = Seen(_login(breakable)), asyncio.Event()
    operator = asyncio.create_task(
        kopf.operator(registry=seen.registry, standalone=True, clusterwide=True, stop_flag=stop)
    )
    await until(lambda: len(seen.by_events) == POLICIES, "kopf has seen all policies")

    await asyncio.to_thread(breakable.kill_api_server)
    for number in range(POLICIES):
        etcd.delete(registry_key("networkpolicies", "default", f"p{number}"))
    etcd.compact()
    await asyncio.to_thread(breakable.start_api_server)
    api.create(policy("default", "new"))
    await until(lambda: "new" in seen.by_events, "kopf watches again", 60)
    api.create(policy("default", "newer"))
    await until(lambda: "newer" in seen.by_events, "kopf follows what happens from now on")

    assert len(api.request("GET", "/apis/networking.k8s.io/v1/networkpolicies").items) == 2
    assert len(seen.by_events) == POLICIES + 2
    assert isinstance(seen.by_index, Mapping)
    assert len(seen.by_index) == POLICIES + 2
    stop.set()
    await operator


def _login(controlplane: ControlPlane) -> kopf.ConnectionInfo:
    config = json.loads(controlplane.admin_kubeconfig.read_text())
    return kopf.ConnectionInfo(
        server=controlplane.url,
        ca_path=controlplane.ca,
        token=config["users"][0]["user"]["token"],
    )
