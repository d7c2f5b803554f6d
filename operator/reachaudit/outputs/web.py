"""The operator's own HTTP: metrics and health on one port."""

import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web
from aiohttp.http import HttpProcessingError

from reachaudit.outputs.api import State
from reachaudit.outputs.connections import bounded
from reachaudit.settings import is_loopback

Body = Callable[[], bytes]
Problem = Callable[[], str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"

log = logging.getLogger(__name__)


class PortError(Exception):
    """The port cannot be listened on; the message is for the user."""


def public(metrics: Body, unready: Problem, standby: Callable[[], bool]) -> web.Application:
    """Metrics and health. `unready` says why the operator is not ready, "" where it is; `standby`
    whether another tells what is found.
    """

    async def _metrics(_: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers={"Content-Type": _EXPOSITION})

    async def _health(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(_: web.Request) -> web.Response:
        reason = unready()
        well = "ok, standing by" if standby() else "ok"
        return web.Response(text=f"{reason or well}\n", status=503 if reason else 200)

    app = web.Application()
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/healthz", _health)
    app.router.add_get("/readyz", _ready)
    return app


def documents(state: State) -> web.Application:
    """Findings, and rounds after a number: `?after=7` waits a while for round 8."""

    async def _findings(_: web.Request) -> web.Response:
        return web.Response(body=state.findings(), content_type="application/json")

    async def _rounds(request: web.Request) -> web.Response:
        after = request.query.get("after", "")
        if after and not after.isdecimal():
            raise web.HTTPBadRequest(text="after wants the number of a round\n")
        if after:
            await state.wait_for_round_after(int(after))
        body = state.rounds(int(after or 0))
        return web.Response(body=body, content_type="application/json")

    app = web.Application(middlewares=[_by_loopback_name])
    app.router.add_get("/api/v1/findings", _findings)
    app.router.add_get("/api/v1/rounds", _rounds)
    return app


@web.middleware
async def _by_loopback_name(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn away who asks by another name: a page of that name could read the answer in a browser,
    had its owner pointed the name to loopback.
    """
    if not is_loopback(re.sub(r":[0-9]*$", "", request.host).strip("[]")):
        raise web.HTTPMisdirectedRequest(text="ask by a loopback address\n")
    return await handler(request)


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port, as chosen where 0 was asked for."""
    app.on_response_prepare.append(_guard)
    runner = web.AppRunner(app, access_log=None, logger=log, shutdown_timeout=1)
    await runner.setup()
    assert runner.server is not None
    try:
        async with AsyncExitStack() as stack:
            try:
                bound = await stack.enter_async_context(bounded(runner.server, host, port))
            except (OSError, UnicodeError) as error:
                raise PortError(f"Cannot listen on {host}:{port}: {_cause(error)}.") from error
            yield bound
    finally:
        await runner.cleanup()


async def _guard(_: web.Request, response: web.StreamResponse) -> None:
    """A connection is for one request, so that its bounds are those of a request; and nobody is
    to take for a page what is none.
    """
    response.force_close()
    response.headers["Connection"] = "close"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _cause(error: OSError | UnicodeError) -> str:
    """In few words; asyncio's own tell the address again."""
    match error:
        case UnicodeError():
            return "that is no host name"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
        case _:
            return str(error.strerror).lower()


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a fault is not a client's: whoever sends what is not HTTP must not fill the log."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


log.addFilter(_is_ours)
