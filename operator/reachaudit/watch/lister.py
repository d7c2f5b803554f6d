"""All objects of one kind as they are now: streamed where the API server does that, else by pages.

A stream (`sendInitialEvents`) is one request, which the API server answers from its cache as it
goes: its memory stays flat, and a busy one is done sooner than with 40 pages for 20,000 pods. To us
both cost the same; to an idle API server of 1.34 or later a stream costs more CPU.

Not every server has streams: old ones refuse them, and extension servers may not know them. So
whatever becomes of a stream, the next try is by pages.
"""

import time
from collections.abc import Callable
from contextlib import aclosing
from typing import NamedTuple

from reachaudit.kube.client import Client
from reachaudit.kube.errors import ApiError, Malformed
from reachaudit.model.kinds import Kind
from reachaudit.model.names import Ref
from reachaudit.model.parse import Item
from reachaudit.watch import wire
from reachaudit.watch.pages import pages

STREAM = {
    "watch": "true",
    "allowWatchBookmarks": "true",
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
}
_UNKNOWN = (400, 422)  # how a server refuses a parameter


class Listed(NamedTuple):
    """The objects, the resource version at which these were all, and when the last one came."""

    items: list[Item]
    version: str
    arrived: float


class Lister:
    """Lists one kind. `read` makes an item of an object; `heard` is told when something came."""

    def __init__(
        self,
        client: Client,
        kind: Kind,
        read: Callable[[object], Item],
        heard: Callable[[float], None],
    ) -> None:
        self._client = client
        self._kind = kind
        self._read = read
        self._heard = heard
        self._knows_streams = True
        self._broken = False  # whether a stream came to no end since the last list

    async def all(self) -> Listed:
        """All objects. Raises ApiError, Unreachable or Malformed, and then there are none."""
        if self._knows_streams and not self._broken:
            self._broken = True
            try:
                listed = await self._streamed()
            except ApiError as refusal:
                self._knows_streams = refusal.status not in _UNKNOWN
                if self._knows_streams and refusal.status != 403:
                    raise
                listed = await self._in_pages()  # who may not watch may yet list
        else:
            listed = await self._in_pages()
        self._broken = False
        return listed

    async def _in_pages(self) -> Listed:
        items, version, arrived = list[Item](), "", 0.0
        async for page in pages(self._client, self._kind):
            arrived, version = time.monotonic(), page.metadata.resource_version
            self._heard(arrived)
            items += [self._read(raw) for raw in page.items or ()]
        return Listed(items, version, arrived)

    async def _streamed(self) -> Listed:
        """What a watch tells until it has told all that was there at its beginning."""
        items = dict[Ref, Item]()
        accept = wire.watch_accept(self._kind)
        stream = self._client.stream(self._kind.path, STREAM, accept, idle=False)
        async with aclosing(stream) as chunks:
            async for frames in chunks:
                arrived = time.monotonic()
                self._heard(arrived)
                for frame in frames:
                    if version := self._take(wire.event_of(frame), items):
                        return Listed(list(items.values()), version, arrived)
        raise Malformed("a watch ended before it had told all objects")

    def _take(self, event: wire.Event, items: dict[Ref, Item]) -> str:
        """Take one event over; the resource version where it is the end, else ""."""
        match event.type:
            case "ADDED" | "MODIFIED":
                item = self._read(event.object)
                items[item.ref] = item
            case "DELETED":
                items.pop(self._kind.parse(event.object).ref, None)
            case "BOOKMARK":
                return wire.end_of(event)
            case "ERROR":
                raise wire.status_of(event).error()
            case _:
                raise Malformed(f"a watch has a frame of type {event.type}")
        return ""
