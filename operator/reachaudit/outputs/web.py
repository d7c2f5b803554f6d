"""The operator's own HTTP: metrics and health on one port."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from reachaudit.outputs.api import State

Body = Callable[[], bytes]
Problem = Callable[[], str]
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


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

    app = web.Application(client_max_size=0)
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

    app = web.Application(client_max_size=0)
    app.router.add_get("/api/v1/findings", _findings)
    app.router.add_get("/api/v1/rounds", _rounds)
    return app


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port, as chosen where 0 was asked for."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        yield await _listen(runner, host, port)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> int:
    try:
        await web.TCPSite(runner, host, port).start()
    except (OSError, UnicodeError) as error:
        raise PortError(f"Cannot listen on {host}:{port}: {_cause(error)}.") from error
    bound: int = runner.addresses[0][1]
    return bound


def _cause(error: OSError | UnicodeError) -> str:
    """In few words; asyncio's own tell the address again."""
    match error:
        case UnicodeError():
            return "that is no host name"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
        case _:
            return str(error.strerror).lower()
