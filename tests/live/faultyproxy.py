"""A proxy between a client and the API server that spoils answers as a test tells it."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import ClientResponse, ClientSession, ClientTimeout, TCPConnector, web
from yarl import URL


class End(Enum):
    """How an answer ends before its time: with the connection, or as if it were complete."""

    CUT = "cut"
    CLOSED = "closed"


Answer = Callable[[web.Request], Awaitable[web.Response | None]]
Ask = Callable[[web.Request], URL]
Spoil = Callable[[web.Request, bytes], Iterable[bytes | End]]

FORWARDED = ("Accept", "Authorization", "Content-Type")


async def forward(_: web.Request) -> web.Response | None:
    """Leave a request to the API server."""
    return None


def same(request: web.Request) -> URL:
    """Ask for what a request asks for."""
    return request.rel_url


def honest(_: web.Request, data: bytes) -> Iterable[bytes | End]:
    """Hand an answer on as it is."""
    return [data]


class FaultyProxy:
    """Forwards all to the API server of a kubeconfig.

    `answer` may answer a request itself, or hold it. `ask` says what the API server is asked
    instead. `spoil` says what is sent instead of each piece of an answer, and `headers` come with
    it. `drop` cuts all connections.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self._config = json.loads(kubeconfig.read_text())
        self.answer: Answer = forward
        self.ask: Ask = same
        self.spoil: Spoil = honest
        self.headers: dict[str, str] = {}
        self.requests: list[web.Request] = []
        self._sent: list[asyncio.Task[ClientResponse]] = []

    async def __aenter__(self) -> Self:
        cluster = self._config["clusters"][0]["cluster"]
        self._server = URL(cluster["server"])
        trust = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._session = ClientSession(connector=TCPConnector(limit=0, ssl=trust))
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.drop()
        await self._runner.cleanup()
        for answer in await asyncio.gather(*self._sent, return_exceptions=True):
            if isinstance(answer, ClientResponse):
                _abort(answer)
        await self._session.close()

    def kubeconfig(self, folder: Path) -> Path:
        """The same user, through this proxy."""
        changed = self._config | {"clusters": [{"name": "local", "cluster": {"server": self.url}}]}
        path = folder / "proxy.kubeconfig"
        path.write_text(json.dumps(changed))
        return path

    def drop(self) -> None:
        """Cut all connections."""
        for request in self.requests:
            if request.transport is not None:
                request.transport.abort()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.answer(request) or await self._forward(request)

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        # asyncio leaks a connection whose task is cancelled before TLS begins: so this one is not,
        # though its client goes.
        self._sent.append(asyncio.create_task(self._send(request, await request.read())))
        async with await asyncio.shield(self._sent[-1]) as answer:
            try:
                return await self._hand_on(request, answer)
            finally:
                _abort(answer)

    async def _send(self, request: web.Request, body: bytes) -> ClientResponse:
        return await self._session.request(
            request.method,
            self._server.join(self.ask(request)),
            headers={name: request.headers[name] for name in FORWARDED if name in request.headers},
            data=body or None,
            timeout=ClientTimeout(total=None),
        )

    async def _hand_on(self, request: web.Request, answer: ClientResponse) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=self.headers)
        response.content_type = answer.content_type
        await response.prepare(request)
        async for data in answer.content.iter_any():
            for piece in self.spoil(request, data):
                if isinstance(piece, bytes):
                    await response.write(piece)
                elif piece is End.CLOSED:
                    return response
                elif request.transport is not None:
                    request.transport.abort()
        return response


def _abort(answer: ClientResponse) -> None:
    """End an answer's connection; not politely, which would outlive the test."""
    if answer.connection is not None and answer.connection.transport is not None:
        answer.connection.transport.abort()
    answer.close()
