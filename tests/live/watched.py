"""Reflectors at work on a real API server, and what they must agree with."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aiohttp import web

from cluster.api import Api
from cluster.rest import ApiError
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.model.kinds import KINDS, Kind
from reachaudit.model.names import Ref
from reachaudit.model.parse import Item
from reachaudit.model.store import Change, Store
from reachaudit.watch.reflectors import Reflectors
from reachaudit.watch.state import WatchState


async def until(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait until a condition holds; TimeoutError at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.01)


def is_watch(request: web.Request) -> bool:
    """Whether a request opens a watch that tells what happens from some time on."""
    return "watch" in request.query and not is_stream(request)


def is_stream(request: web.Request) -> bool:
    """Whether a request asks a watch to begin with all that is there."""
    return "sendInitialEvents" in request.query


async def refuse_streams(request: web.Request) -> web.Response | None:
    """Answer as API servers do that have no streams."""
    if not is_stream(request):
        return None
    message = (
        "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
    )
    return web.json_response({"reason": "Invalid", "message": message}, status=422)


def served(api: Api, kind: Kind) -> dict[Ref, Item]:
    """The objects that the API server lists, as they are read; none of a kind that it lacks."""
    try:
        listed = api.request("GET", kind.path).items
    except ApiError as error:
        if error.code == 404 and kind.optional:
            return {}
        raise
    return {item.ref: item for item in map(kind.parse, listed)}


@dataclass
class Watched:
    """What reflectors have put into a store and told of it."""

    store: Store = field(default_factory=Store)
    changes: list[Change] = field(default_factory=list)
    reflectors: Reflectors = field(init=False)

    async def synced(self) -> None:
        """Wait until each kind was listed."""
        await asyncio.wait_for(self.reflectors.synced.wait(), 20)

    def stored(self, kind: Kind) -> Mapping[Ref, Item]:
        """The objects in the store."""
        return self.store.items(kind.name)

    def state(self, kind: Kind) -> WatchState:
        """The state of a kind's watch."""
        return self.reflectors.states[kind.name]

    def errors(self) -> dict[str, str]:
        """What is wrong with the watches now, by kind."""
        states = self.reflectors.states.items()
        return {name: state.last_error for name, state in states if state.last_error}

    def told(self, kind: Kind, namespace: str, name: str) -> list[Change]:
        """The changes told of one object, the oldest first."""
        ref = Ref(kind.name, namespace, name)
        return [change for change in self.changes if change.ref == ref]

    async def agrees(self, api: Api, *kinds: Kind) -> None:
        """Wait until the store holds what the API server lists, no more and no less."""
        for kind in kinds:
            same = partial(self._same, api, kind)
            await until(same, f"all {kind.resource} in the store are those that are served")

    def _same(self, api: Api, kind: Kind) -> bool:
        try:
            return self.stored(kind) == served(api, kind)
        except ApiError as error:
            if error.code in (429, 503):  # a server that was just started
                return False
            raise


@asynccontextmanager
async def watched(kubeconfig: Path, kinds: Sequence[Kind] = KINDS) -> AsyncIterator[Watched]:
    """Reflectors of these kinds, begun and ended."""
    it = Watched()
    async with await Client.connect(Credentials(str(kubeconfig))) as client:
        it.reflectors = Reflectors(client, it.store, it.changes.extend, kinds)
        task = asyncio.create_task(it.reflectors.run())
        try:
            yield it
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
