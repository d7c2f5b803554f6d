"""kopf as the host of the operator: start, signals, log-in and stop.

There is no kopf watch or index on any audited kind, here or elsewhere. After an API server came
back without its history, kopf lists anew and never learns what was deleted meanwhile: it would
go on reporting a policy that is gone. `tests/live/test_kopf_misses_deletions.py` shows it. The
objects come from `watch/reflector.py`.

What kopf 1.45 itself still asks of the API server: one discovery at its start (/api, /apis and
the groups of its own backbone), which every authenticated user may read and nobody here needs.
Left alone, it would end the operator over it: at once when an answer is not understood, at a 401
that comes again, after 54 seconds of 403 or 503. So its session hands it good answers only, and
waits for them as long as it takes.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import suppress

import aiohttp
import kopf

from reachaudit.kube.backoff import Backoff
from reachaudit.kube.client import JSON, USER_AGENT, Client
from reachaudit.kube.errors import Unreachable

SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def host(client: Client, run: Callable[[], Awaitable[None]]) -> None:
    """Run the operator until `run` ends or a signal comes; what `run` raises is raised here.

    `run` is cancelled when the operator is to stop. Call it in the main thread.
    """
    # kopf asks who runs it, and a container's user need not have a name.
    os.environ.setdefault("POD_ID", "reachaudit")
    logging.getLogger("kopf").setLevel(logging.WARNING)
    hosted = _Hosted(client, run)
    registry = kopf.OperatorRegistry()
    kopf.on.startup(registry=registry)(hosted.start)
    kopf.on.login(registry=registry)(hosted.log_in)
    kopf.on.cleanup(registry=registry)(hosted.end)
    try:
        tasks = await kopf.spawn_tasks(
            registry=registry,
            settings=_settings(),
            standalone=True,
            clusterwide=True,
            stop_flag=hosted.stop,
        )
        await kopf.run_tasks(tasks, ignored=_Everyone())
    finally:
        await hosted.end()
    hosted.raise_failure()


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.networking.request_timeout = None
    return settings


class _Everyone(Collection[asyncio.Task[None]]):
    """All tasks but its own, which kopf is to leave alone when it ends.

    It takes every task that was begun after it for a part of itself, waits five seconds for them
    and cancels them: an idle HTTP connection would hold the end of the operator up.
    """

    def __contains__(self, task: object) -> bool:
        return True

    def __iter__(self) -> Iterator[asyncio.Task[None]]:
        return iter(asyncio.all_tasks())

    def __len__(self) -> int:
        return len(asyncio.all_tasks())


class _Hosted:
    """The handlers of kopf's activities, and the task that they start and stop."""

    def __init__(self, client: Client, run: Callable[[], Awaitable[None]]) -> None:
        self.stop = asyncio.Event()
        self._client = client
        self._run = run
        self._task: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self, **_: object) -> None:
        self._task = asyncio.create_task(self._main(), name="operator")
        self._task.add_done_callback(lambda _: self.stop.set())

    async def log_in(self, **_: object) -> kopf.AiohttpSession:
        login = self._client.login
        self._session = aiohttp.ClientSession(
            headers={"User-Agent": USER_AGENT},
            connector=aiohttp.TCPConnector(ssl=login.tls),
            proxy=login.configuration.proxy,
            trust_env=True,
            middlewares=[self._answer_patiently],
        )
        return kopf.AiohttpSession(server=login.server, aiohttp_session=self._session)

    async def end(self, **_: object) -> None:
        self.stop.set()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._session is not None:
            await self._session.close()

    def raise_failure(self) -> None:
        if self._task is not None and not self._task.cancelled():
            self._task.result()

    async def _main(self) -> None:
        # Instead of kopf's, which fail when a signal comes twice.
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.stop.set)
        try:
            await self._run()
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    async def _answer_patiently(
        self, request: aiohttp.ClientRequest, ask: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        backoff = Backoff()
        while not self.stop.is_set():
            try:
                if authorization := await self._client.login.authorization():
                    request.headers["Authorization"] = authorization
                response = await ask(request)
                if response.status == 200 and response.content_type == JSON:
                    await response.json()
                    return response
                response.release()
            except (aiohttp.ClientError, OSError, ValueError, Unreachable):
                pass
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), backoff.delay())
        raise asyncio.CancelledError  # nobody else ends what kopf has begun to ask
