"""kopf as a host: it starts, stops and fails as it is told, and the API server cannot end it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from cluster.controlplane import ControlPlane
from live.faultyproxy import FaultyProxy, forward
from live.watched import until
from reachaudit.kube import backoff
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.errors import ClusterError
from reachaudit.kube.host import host

pytestmark = pytest.mark.live

DISCOVERY = {
    "/api",
    "/api/v1",
    "/apis",
    "/apis/admissionregistration.k8s.io/v1",
    "/apis/apiextensions.k8s.io/v1",
}


REFUSALS = (
    *((status, "application/json", "{}") for status in (401, 403, 404, 415, 429, 503)),
    *((status, "text/plain", "no") for status in (200, 401, 503)),
    (200, "text/html", "<html>"),
    (200, "application/json", '{"groups"'),
)


@pytest.fixture
async def proxy(controlplane: ControlPlane) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(controlplane.kubeconfig_for("default", "default")) as running:
        yield running


@pytest.fixture
async def client(proxy: FaultyProxy, tmp_path: Path) -> AsyncIterator[Client]:
    async with await Client.connect(Credentials(str(proxy.kubeconfig(tmp_path)))) as connected:
        yield connected


async def test_it_ends_with_its_task(client: Client) -> None:
    ended = False

    async def run() -> None:
        nonlocal ended
        ended = True

    await asyncio.wait_for(host(client, run), 5)
    assert ended


async def test_it_raises_what_its_task_raises(client: Client) -> None:
    async def run() -> None:
        raise ClusterError("no more")

    with pytest.raises(ClusterError, match="no more"):
        await asyncio.wait_for(host(client, run), 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_within_a_second_also_twice(
    client: Client, number: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    cleaned = False

    async def run() -> None:
        nonlocal cleaned
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned = True

    await asyncio.wait_for(host(client, run), 1)
    assert cleaned
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_tasks_of_others_neither_hold_it_up_nor_end_with_it(client: Client) -> None:
    """Such as a connection of the HTTP server, which began after kopf did."""
    others: list[asyncio.Task[bool]] = []
    over = asyncio.Event()

    async def run() -> None:
        others.append(asyncio.create_task(over.wait()))
        await asyncio.sleep(0)

    await asyncio.wait_for(host(client, run), 1)
    over.set()
    assert await others[0]


async def test_kopf_asks_for_its_discovery_and_nothing_more(
    client: Client, proxy: FaultyProxy
) -> None:
    async def run() -> None:
        await until(lambda: {r.path for r in proxy.requests} == DISCOVERY, "kopf has discovered")

    await host(client, run)
    assert len(proxy.requests) == len(DISCOVERY)


async def test_no_answer_to_kopf_ends_the_operator(
    client: Client, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare kopf ends at the first of these that it cannot read, and after 9 tries of the rest."""
    monkeypatch.setattr(backoff, "LONGEST", 0.02)
    asked = 0

    async def refuse(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        status, content_type, body = REFUSALS[asked % len(REFUSALS)]
        return web.Response(status=status, content_type=content_type, text=body)

    async def run() -> None:
        await until(lambda: asked > 100, "kopf asks again and again")
        proxy.answer = forward
        proxy.requests.clear()
        await until(lambda: {r.path for r in proxy.requests} >= DISCOVERY - {"/api", "/apis"}, "ok")

    proxy.answer = refuse
    await host(client, run)
