"""The API server's clock is a day off ours, as far as answers, objects and Events show it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from cluster.controlplane import ControlPlane
from cluster.objects import text
from live.faultyproxy import FaultyProxy
from live.manifests import policy, put_policy
from live.transitions import events
from live.watched import until, watched
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.model.kinds import NETWORK_POLICY
from reachaudit.model.names import Ref
from reachaudit.outputs.event import Event, body_of, series_of

pytestmark = pytest.mark.live

DAY = timedelta(days=1)


@pytest.fixture(params=[DAY, -DAY], ids=["ahead", "behind"])
def theirs(request: pytest.FixtureRequest) -> datetime:
    """The API server's time."""
    shift = request.param
    assert isinstance(shift, timedelta)
    return datetime.now(UTC) + shift


@pytest.fixture
def ns(namespace: Callable[[str], str]) -> str:
    return namespace("clock")


async def test_its_dates_neither_age_nor_renew_what_is_known(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str, theirs: datetime
) -> None:
    date = format_datetime(theirs, usegmt=True)
    proxy.headers = {"Date": date}
    refused: list[web.Request] = []

    async def refuse_once(request: web.Request) -> web.Response | None:
        refused.append(request)
        later = {"Date": date, "Retry-After": format_datetime(theirs + DAY, usegmt=True)}
        return web.Response(status=503, headers=later) if len(refused) == 1 else None

    proxy.answer = refuse_once
    put_policy(controlplane.etcd, ns, "born", created=theirs)
    begun = time.monotonic()
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        await it.agrees(controlplane.api, NETWORK_POLICY)
        controlplane.api.create(policy(ns, "later"))
        await it.agrees(controlplane.api, NETWORK_POLICY)
        assert begun < it.state(NETWORK_POLICY).last_contact < time.monotonic()
        await until(lambda: not it.errors(), "all is well")
    assert refused


async def test_it_takes_events_of_another_day(
    controlplane: ControlPlane, ns: str, theirs: datetime
) -> None:
    about = Event(Ref("Service", ns, "web"), "uid", ns, "Reason", "Opened", "Warning", "so")
    path, ours = f"/apis/events.k8s.io/v1/namespaces/{ns}/events", theirs
    async with await Client.connect(Credentials(str(controlplane.admin_kubeconfig))) as client:
        await client.post(path, body_of(about, "web.1", "reachaudit-0", ours))
        await client.patch(f"{path}/web.1", series_of(2, ours))
    [event] = events(controlplane.api, ns)
    assert text(event, "eventTime").startswith(f"{ours:%Y-%m-%dT%H:%M:%S}")
