"""A reflector: one kind's objects on the API server, kept alike in the store.

It lists by pages and then watches. Every API server serves pages, their price is known (500
objects in memory), and they tell what is there *now*; the streaming list (`sendInitialEvents`)
would be a second way to the same end for the servers that have it.

What must hold: the store never keeps an object that is gone. So history that cannot be resumed
(410, an error frame, refusals that repeat) leads to a new list, and the store takes the
difference. Faults are retried for ever, less and less often.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import aclosing

from reachaudit.kube.client import Client
from reachaudit.kube.errors import ApiError, Malformed, Silent, Unreachable, one_line
from reachaudit.model.kinds import Kind
from reachaudit.model.parse import Item
from reachaudit.model.store import Change, Store
from reachaudit.watch import wire
from reachaudit.watch.access import is_served
from reachaudit.watch.faults import Fault, Faults
from reachaudit.watch.pages import page, pages
from reachaudit.watch.state import WatchState

Sink = Callable[[list[Change]], None]

ABSENT_SECONDS = 30.0  # a CRD that is not there may come
LASTING_SECONDS = 1.0  # a watch that ends sooner is a fault
NEVER = float("inf")

log = logging.getLogger(__name__)


class Reflector:
    """Feeds one kind's objects to the store and the changes of facts to the sink, in order."""

    def __init__(
        self, kind: Kind, client: Client, store: Store, sink: Sink, on_sync: Callable[[], None]
    ) -> None:
        self.state = WatchState()
        self._kind = kind
        self._client = client
        self._store = store
        self._sink = sink
        self._on_sync = on_sync
        self._faults = Faults(kind.name, self.state)
        self._version = ""  # "": a list must come first
        self._doubtful = False  # whether the version may be one that the server does not know
        self._opened = NEVER  # since when a watch stands
        self._watches = 0

    async def run(self) -> None:
        """Reflect until cancelled."""
        while True:
            try:
                if self._doubtful:
                    await self._check_version()
                if not self._version:
                    await self._list()
                await self._watch()
            except (ApiError, Unreachable, Malformed) as fault:
                await asyncio.sleep(await self._delay_after(fault))

    async def _list(self) -> None:
        items, version, arrived = list[Item](), "", 0.0
        async for listed in pages(self._client, self._kind):
            arrived, version = time.monotonic(), listed.metadata.resource_version
            self._faults.contact(arrived)
            items += [self._read(raw) for raw in listed.items or ()]
        self.state.relists += self.state.synced
        self._replace(items, arrived)
        self._version = version

    async def _check_version(self) -> None:
        """Begin anew where the server is behind us, as it is when etcd was restored.

        A watch from a version to come is accepted, and then tells nothing at all.
        """
        newest = await page(self._client, self._kind, {"limit": "1"})
        if not wire.follows(newest.metadata.resource_version, self._version):
            self._version = ""
        self._doubtful = False
        self._faults.over(time.monotonic())

    async def _watch(self) -> None:
        self._opened = NEVER
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(random.randint(270, 310)),
        }
        stream = self._client.stream(self._kind.path, params, wire.watch_accept(self._kind))
        async with aclosing(stream) as chunks:
            async for frames in chunks:
                self._take(frames, time.monotonic())
        if not self._stood:
            raise Unreachable("the API server ended the watch at once")
        self._faults.over(time.monotonic())

    @property
    def _stood(self) -> bool:
        """Whether the watch was served well, however it ended: nothing was missed till now."""
        return time.monotonic() - self._opened >= LASTING_SECONDS

    def _take(self, frames: list[bytes], arrived: float) -> None:
        if self._opened == NEVER:
            self._opened = arrived
            self.state.restarts = self._watches
            self._watches += 1
        changes: list[Change] = []
        try:
            for frame in frames:
                changes += self._apply(wire.event_of(frame), arrived)
                self._faults.over(arrived)
        finally:  # what the store has taken must reach the sink, whatever came after it
            if changes:
                self._sink(changes)

    def _apply(self, event: wire.Event, arrived: float) -> list[Change]:
        match event.type:
            case "BOOKMARK":
                self._version = wire.bookmark_of(event)
                return []
            case "ADDED" | "MODIFIED":
                item = self._read(event.object)
                changes = self._store.put(item, arrived)
            case "DELETED":
                item = self._kind.parse(event.object)
                changes = self._store.drop(item.ref, arrived)
            case "ERROR":
                self._version = ""
                raise wire.status_of(event).error()
            case _:
                raise Malformed(f"a watch has a frame of type {event.type}")
        self._version = item.resource_version or self._version
        return changes

    def _read(self, raw: object) -> Item:
        """An object; the known one where it is the same, so a list costs no second copy."""
        item = self._kind.parse(raw)
        known = self._store.get(item.ref)
        if known == item:
            return known
        for problem in item.problems:
            log.warning("%s: %s", one_line(item.ref), one_line(problem))
        return item

    def _replace(self, items: list[Item], arrived: float) -> None:
        if changes := self._store.replace(self._kind.name, items, arrived):
            self._sink(changes)
        if not self.state.synced:
            self.state.synced = True
            self._on_sync()

    async def _delay_after(self, fault: Fault) -> float:
        """What a fault means for the next try, and the seconds until then."""
        now = time.monotonic()
        if isinstance(fault, Silent):
            self._doubtful = True
        elif self._stood:
            self._faults.over(now)
        self._opened = NEVER
        if await self._is_absent(fault):
            self._faults.over(now)
            self._version = ""
            self._replace([], now)
            return ABSENT_SECONDS
        if not self._faults.resumable(fault):
            self._version = ""
        return self._faults.delay(fault)

    async def _is_absent(self, fault: Fault) -> bool:
        if not self._kind.optional or not isinstance(fault, ApiError):
            return False
        if fault.status == 404:
            return True
        return fault.status == 403 and not await is_served(self._client, self._kind)
