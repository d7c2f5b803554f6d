"""From many changes to one round."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from reachaudit.model.names import Ref
from reachaudit.model.store import Change

QUIET_SECONDS = 0.02
LONGEST_SECONDS = 0.2


class Pulse:
    """Gathers changes until they pause, and hands them out as net changes.

    It keeps one change an object however many come, so that a slow round cannot fill the memory;
    `offer` never waits. There is no round while `synced` is not set: facts of different times
    would be one state. The first round is all that is there, even nothing.
    """

    def __init__(self, synced: asyncio.Event) -> None:
        self._synced = synced
        self._pending: dict[Ref, Change] = {}
        self._due = asyncio.Event()
        self._first = self._last = 0.0
        self._woken = False
        self._timer: asyncio.TimerHandle | None = None

    def offer(self, changes: Iterable[Change]) -> None:
        """Take changes, in the order in which they arrived."""
        for change in changes:
            self._add(change)
        self._beat()

    def wake(self, seconds: float = 0.0) -> None:
        """Ask for a round though nothing changes, after some seconds: time alone may change what
        is told. Who asks again before that asks for the same one.
        """
        if seconds and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._wake_up)
        elif not seconds:
            self._woken = True
            self._beat()

    def _wake_up(self) -> None:
        self._timer = None
        self.wake()

    async def rounds(self) -> AsyncIterator[list[Change]]:
        """The changes of each round, one an object, in order of arrival."""
        await self._synced.wait()
        self.wake()
        while True:
            await self._due.wait()
            await self._synced.wait()
            await self._settle()
            changes, woken = list(self._pending.values()), self._woken
            self._pending.clear()
            self._woken = False
            self._due.clear()
            if changes or woken:
                yield changes

    def _add(self, change: Change) -> None:
        known = self._pending.get(change.ref, change)
        if known.old == change.new:
            self._pending.pop(change.ref, None)
        else:
            self._pending[change.ref] = known._replace(new=change.new)

    def _beat(self) -> None:
        self._last = asyncio.get_running_loop().time()
        if not self._due.is_set():
            self._first = self._last
            self._due.set()

    async def _settle(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = min(self._last + QUIET_SECONDS, self._first + LONGEST_SECONDS)
            if loop.time() >= due:
                return
            await asyncio.sleep(due - loop.time())
