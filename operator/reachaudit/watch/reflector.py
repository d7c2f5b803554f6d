"""A reflector: one kind's objects on the API server, kept alike in the store.

What must hold: the store never keeps an object that is gone. So history that cannot be resumed
(410, an error frame, refusals that repeat) leads to a new list, and the store takes the
difference. A kind that may not be read is not kept as it was: stand-ins take its place, or there is
no verdict. Faults are retried for ever, less and less often.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing

from reachaudit.kube.client import Client
from reachaudit.kube.errors import ApiError, Malformed, Silent, Unreachable, one_line
from reachaudit.model.kinds import Kind
from reachaudit.model.parse import Item
from reachaudit.model.store import Change, Store
from reachaudit.watch import wire
from reachaudit.watch.faults import Fault, Faults
from reachaudit.watch.lister import Lister
from reachaudit.watch.pages import page
from reachaudit.watch.refusals import Refusals
from reachaudit.watch.standins import StandIns
from reachaudit.watch.state import WatchState
from reachaudit.watch.unread import Unread, consequence, plural, told

ABSENT_SECONDS = 30.0  # a CRD that is not there may come, and a right may be granted
LASTING_SECONDS = 1.0  # a watch that ends sooner is a fault
NEVER = float("inf")

log = logging.getLogger(__name__)


class Reflector:
    """Feeds one kind's objects to the store, and the changes of facts to who adds stand-ins.

    `on_turn` is called when the kind is listed, and when it may no longer be.
    """

    def __init__(
        self,
        kind: Kind,
        client: Client,
        store: Store,
        stand_ins: StandIns,
        on_turn: Callable[[], None],
    ) -> None:
        self.state = WatchState()
        self._kind = kind
        self._client = client
        self._store = store
        self._stand_ins = stand_ins
        self._on_turn = on_turn
        self._faults = Faults(kind.name, self.state)
        self._refusals = Refusals(client, kind)
        self._lister = Lister(client, kind, self._read, self._faults.contact)
        self._version = ""  # "": a list must come first
        self._doubtful = False  # whether the version may be one that the server does not know
        self._opened = NEVER  # since when a watch stands
        self._lists = self._watches = 0

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
        items, version, arrived = await self._lister.all()
        self.state.relists = self._lists
        self._lists += 1
        self._refusals.over()
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
                self._stand_ins.offer(changes)

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

    def _replace(self, items: Sequence[Item], arrived: float) -> None:
        self._stand_ins.replace(self._kind.name, items, arrived)
        if self.state.unread:
            log.info("%s can be read again", plural(self._kind))
        if self.state.unread or not self.state.synced:
            self.state.synced, self.state.unread = True, False
            self._on_turn()

    async def _delay_after(self, fault: Fault) -> float:
        """What a fault means for the next try, and the seconds until then."""
        now = time.monotonic()
        if isinstance(fault, Silent):
            self._doubtful = True
        elif self._stood:
            self._faults.over(now)
        self._opened = NEVER
        if unread := await self._refusals.judged(fault, now, listed=self.state.synced):
            return self._give_up(unread, fault, now)
        if not self._faults.resumable(fault):
            self._version = ""
        return self._faults.delay(fault)

    def _give_up(self, unread: Unread, fault: Fault, now: float) -> float:
        """Keep nothing as if it were still known; the seconds until the next try."""
        self._version = ""
        if self._kind.optional and not unread.served:
            self._faults.over(now)
            self._replace([], now)
            return ABSENT_SECONDS
        if not self.state.unread:
            log.warning(told(unread, self._client.source))
            self.state.synced, self.state.unread = False, True
            self._on_turn()
        if consequence(self._kind) is None:
            return self._faults.delay(fault)
        self._faults.accept(fault, now)
        self._stand_ins.begin(unread, now)
        return ABSENT_SECONDS
