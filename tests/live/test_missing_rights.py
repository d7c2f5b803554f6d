"""The whole operator where rights are missing: what it says of it, and where."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from live.exposition import Exposition
from live.faultyproxy import FaultyProxy
from live.grants import Grant
from live.watched import is_watch, until
from reachaudit import app
from reachaudit.kube import backoff
from reachaudit.model.kinds import POD
from reachaudit.settings import Assumptions, Listen, Options
from reachaudit.watch import reflector, refusals

pytestmark = pytest.mark.live

UNREAD = "reachaudit_kind_unread"
LAST_ROUND = "reachaudit_last_round_timestamp_seconds"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for as long as it would be."""
    monkeypatch.setattr(backoff, "LONGEST", 0.1)
    monkeypatch.setattr(refusals, "PASSING_SECONDS", 0.3)
    monkeypatch.setattr(reflector, "ABSENT_SECONDS", 0.1)


class Site:
    """What the operator serves."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def becomes(self, status: int) -> str:
        """Wait for a status of `/readyz`; what it says then."""
        async with asyncio.timeout(20):
            while True:
                found, text = await self._ready()
                if found == status:
                    return text
                await asyncio.sleep(0.01)

    async def judges_after(self, last: float) -> None:
        """Wait for a round after that one."""
        async with asyncio.timeout(20):
            while True:
                if (await self.metrics()).value(LAST_ROUND) > last:
                    return
                await asyncio.sleep(0.01)

    async def metrics(self) -> Exposition:
        """What a scrape gives now."""
        async with self._session.get(f"{self._url}/metrics") as response:
            return Exposition(await response.text())

    async def _ready(self) -> tuple[int, str]:
        async with self._session.get(f"{self._url}/readyz") as response:
            return response.status, (await response.text()).rstrip("\n")


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log, from what a user sees by default on."""
    caplog.set_level("INFO", "reachaudit")
    return caplog


@asynccontextmanager
async def operator(kubeconfig: Path, said: pytest.LogCaptureFixture) -> AsyncIterator[Site]:
    """The operator in this process, begun and ended."""
    options = Options(
        kubeconfig=str(kubeconfig),
        context=None,
        namespace="default",
        instance="test",
        listen=Listen("127.0.0.1", 0),
        api=None,
        lease=None,
        excluded=frozenset(),
        assumptions=Assumptions(),
    )
    running = asyncio.create_task(app.run(options))
    try:
        await until(lambda: running.done() or bool(_urls(said)), "it serves")
        async with ClientSession() as session:
            yield Site(session, _urls(said)[0])
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_it_begins_without_a_right_that_verdicts_may_lack_and_says_so_once(
    without: Grant, said: pytest.LogCaptureFixture
) -> None:
    async with operator(without("Namespace"), said) as site:
        assert await site.becomes(200) == "ok"
        unread = (await site.metrics()).by(UNREAD, "kind")
        assert {kind for (kind,), value in unread.items() if value} == {"Namespace"}
        [warning] = [
            record.getMessage()
            for record in said.records
            if record.levelname == "WARNING" and record.name.startswith("reachaudit.watch")
        ]
        assert warning.startswith("namespaces may not be listed by the kubeconfig ")
        assert warning.endswith("by other labels than their names are UNKNOWN (UNK-10)")
        without()
        await until(lambda: "namespaces can be read again" in said.messages, "it recovers")
        assert not any((await site.metrics()).by(UNREAD, "kind").values())
        assert await site.becomes(200) == "ok"


async def test_it_is_not_ready_without_a_right_that_every_verdict_needs(
    namespace: Callable[[str], str],
    without: Grant,
    said: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    async with FaultyProxy(without()) as proxy:
        config = proxy.kubeconfig(tmp_path)
        async with operator(config, said) as site:
            await site.becomes(200)
            without("Pod")
            await until(lambda: any(map(_watches_pods, proxy.requests)), "pods are watched")
            proxy.drop()
            reason = await site.becomes(503)
            assert re.fullmatch(
                r"The API server does not let the kubeconfig \S+ list pods: "
                r"bind the ClusterRole reachaudit to its user\.",
                reason,
            )
            metrics = await site.metrics()
            assert metrics.value(UNREAD, kind="Pod") == 1
            assert metrics.value("reachaudit_kind_synced", kind="Pod") == 0
            judged = metrics.value(LAST_ROUND)
            namespace("unseen")
            without()
            assert await site.becomes(200) == "ok"
            await site.judges_after(judged)
            assert (await site.metrics()).value(UNREAD, kind="Pod") == 0


def _watches_pods(request: web.Request) -> bool:
    return is_watch(request) and request.path == POD.path


def _urls(said: pytest.LogCaptureFixture) -> list[str]:
    begin = "metrics and health on "
    return [m.removeprefix(begin) for m in said.messages if m.startswith(begin)]
