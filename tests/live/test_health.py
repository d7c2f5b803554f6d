"""What probes are told, and how fast the operator ends, whatever the API server is doing."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from yarl import URL

from cluster.controlplane import ControlPlane
from live.exposition import Exposition
from live.faultyproxy import FaultyProxy, forward
from live.watched import is_stream, is_watch, until
from reachaudit import app
from reachaudit.cli.entry import parse
from reachaudit.cli.run import options
from reachaudit.kube import backoff
from reachaudit.watch import reflector

pytestmark = pytest.mark.live

SECONDS = 10.0  # to the end after a signal, on a busy machine

MAIN = "import sys\nfrom reachaudit.cli import main\nsys.exit(main())"
ENDLESS_ROUND = """
import threading
from pathlib import Path
from reachaudit.round.pipeline import Pipeline

def run(*_):
    Path({begun!r}).touch()
    threading.Event().wait()

Pipeline.run = run
"""


class Asked:
    """Holds what is asked for at one stage of the start, and notes that it was."""

    def __init__(self, stage: Callable[[web.Request], bool]) -> None:
        self.stage, self.asked = stage, asyncio.Event()

    async def __call__(self, request: web.Request) -> web.Response | None:
        if self.stage(request):
            self.asked.set()
            await asyncio.Event().wait()
        return None


STAGES: dict[str, Callable[[web.Request], bool]] = {
    "the first question": lambda request: request.path == "/version",
    "the check of rights": lambda request: request.query.get("limit") == "1",
    "a list": is_stream,
    "the opening of a watch": is_watch,
    "kopf's discovery": lambda request: request.path == "/apis",
}


@pytest.fixture
async def proxy(controlplane: ControlPlane) -> AsyncIterator[FaultyProxy]:
    async with FaultyProxy(controlplane.admin_kubeconfig) as running:
        yield running


@pytest.mark.parametrize(
    ("number", "stage"),
    [*((signal.SIGTERM, stage) for stage in STAGES), (signal.SIGINT, "the first question")],
)
async def test_a_signal_ends_it_within_seconds_whatever_it_waits_for(
    proxy: FaultyProxy, tmp_path: Path, number: signal.Signals, stage: str
) -> None:
    held = Asked(STAGES[stage])
    proxy.answer = held
    async with started(proxy.kubeconfig(tmp_path)) as process:
        await asyncio.wait_for(held.asked.wait(), SECONDS)
        process.send_signal(number)


async def test_a_signal_ends_it_while_the_api_server_is_away(
    proxy: FaultyProxy, tmp_path: Path
) -> None:
    refused = asyncio.Event()

    async def refuse(_: web.Request) -> web.Response:
        refused.set()
        return web.Response(status=503, headers={"Retry-After": "3600"})

    async with started(proxy.kubeconfig(tmp_path)) as process:
        await until(lambda: any(map(is_watch, proxy.requests)), "it watches")
        proxy.answer = refuse
        proxy.drop()
        await asyncio.wait_for(refused.wait(), SECONDS)
        process.send_signal(signal.SIGTERM)


async def test_a_signal_ends_it_within_a_long_round(
    controlplane: ControlPlane, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    endless = ENDLESS_ROUND.format(begun=str(begun))
    async with started(controlplane.admin_kubeconfig, endless) as process:
        await until(begun.exists, "a round has begun")
        process.send_signal(signal.SIGTERM)


async def test_it_is_alive_and_not_ready_while_a_list_takes_long(
    proxy: FaultyProxy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = Asked(lambda r: is_stream(r) and r.path.endswith("/services"))
    proxy.answer = held
    async with running(proxy.kubeconfig(tmp_path), caplog) as probe:
        await asyncio.wait_for(held.asked.wait(), SECONDS)
        assert await probe("/healthz") == (200, "ok\n")
        await until_told(probe, (503, "waiting for Service\n"))
        assert 'reachaudit_kind_synced{kind="Service"} 0.0' in (await probe("/metrics"))[1]
        assert "reachaudit_last_round_timestamp_seconds" not in (await probe("/metrics"))[1]
        held.stage = lambda _: False
        proxy.drop()
        await until_told(probe, (200, "ok\n"))
        assert 'reachaudit_kind_synced{kind="Service"} 1.0' in (await probe("/metrics"))[1]
        assert "reachaudit_last_round_timestamp_seconds" in (await probe("/metrics"))[1]


@pytest.mark.parametrize("fault", ["silent", "refused"])
async def test_it_says_of_what_it_has_heard_nothing_for_long_and_recovers(
    proxy: FaultyProxy,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setattr(app, "STALE_SECONDS", 4.0)
    monkeypatch.setattr(backoff, "LONGEST", 0.2)
    monkeypatch.setattr(reflector, "ABSENT_SECONDS", 0.5)

    async def fail(request: web.Request) -> web.Response | None:
        if not request.path.endswith("/services"):
            return None
        if fault == "refused":
            return web.Response(status=503)
        await asyncio.Event().wait()
        return None

    proxy.ask = briefly  # nothing is as quiet as a watch; so all of them are heard of
    async with running(proxy.kubeconfig(tmp_path), caplog) as probe:
        await until_told(probe, (200, "ok\n"))
        proxy.answer = fail
        proxy.drop()
        await until_told(probe, (503, "nothing heard of Service\n"))
        assert await probe("/healthz") == (200, "ok\n")
        told = Exposition((await probe("/metrics"))[1])
        assert told.value("reachaudit_kind_staleness_seconds", kind="Service") > 4.0
        assert told.value("reachaudit_kind_staleness_seconds", kind="Pod") < 4.0
        proxy.answer = forward
        proxy.drop()
        await until_told(probe, (200, "ok\n"))


@asynccontextmanager
async def started(kubeconfig: Path, before: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    """The operator as a process, which must end well; `before`: what Python does in it first."""
    arguments = ("run", "--listen=127.0.0.1:0", f"--kubeconfig={kubeconfig}")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", before + MAIN, *arguments, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
        _, said = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode == 0, said.decode()
        assert b"Traceback" not in said
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


Probe = Callable[[str], Awaitable[tuple[int, str]]]


@asynccontextmanager
async def running(kubeconfig: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Probe]:
    """The operator in this process, and what asks it."""
    caplog.set_level(logging.INFO)
    _, given = parse(["run", "--listen=127.0.0.1:0", f"--kubeconfig={kubeconfig}"])
    task = asyncio.create_task(app.run(options(given)))
    await until(lambda: "metrics and health on " in caplog.text or task.done(), "it listens")
    url = caplog.text.partition("metrics and health on ")[2].split()[0]
    async with ClientSession() as session:

        async def probe(path: str) -> tuple[int, str]:
            async with session.get(url + path) as response:
                return response.status, await response.text()

        try:
            yield probe
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(task, SECONDS)


async def until_told(probe: Probe, answer: tuple[int, str]) -> None:
    """Wait until `/readyz` gives an answer."""
    deadline = time.monotonic() + 30
    while True:
        told = await probe("/readyz")
        if told == answer:
            return
        assert time.monotonic() < deadline, f"/readyz still says {told}, not {answer}"
        await asyncio.sleep(0.02)


def briefly(request: web.Request) -> URL:
    """What is asked for, but watches of a second."""
    url = request.rel_url
    return url.update_query(timeoutSeconds="1") if "watch" in url.query else url
