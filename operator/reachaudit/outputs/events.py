"""Events of transitions, posted as client-go does: repeats are a series, objects have a budget.

An Event's name follows from what it says and roughly when, so that whoever takes over from another
can ask whether it was posted.
"""

import asyncio
import logging
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from reachaudit.kube.client import Client
from reachaudit.kube.errors import ApiError, Malformed, Unreachable, one_line
from reachaudit.model.names import Ref
from reachaudit.outputs.event import Event, body_of, series_of

SERIES_SECONDS = 360.0  # a repeat later than this begins a new Event
BURST = 25  # Events about one object at once …
REFILL_SECONDS = 300.0  # … and one more after each of these
WAITING = 10_000  # Events kept while the API server does not answer
_MOST_KNOWN = 4096
_RETRY_SECONDS = 1.0
_MOST_TRIES = 60  # an Event that a webhook of the cluster always fails must not hold up the others
_LONGEST_STEM = 200
_KEPT_SECONDS = 3600.0  # by default the API server keeps an Event no longer

log = logging.getLogger(__name__)


@dataclass
class _Posted:
    name: str
    count: int
    last: float


@dataclass(frozen=True)
class Telling:
    """An Event to post. `done` is called when that is over, posted or not.

    `since`: who came before may have posted it from then on, in seconds since the epoch; None where
    he cannot have.
    """

    event: Event
    done: Callable[[], None] = lambda: None
    since: float | None = None


@dataclass
class _Budget:
    left: float
    filled: float


class Events:
    """Posts Events one after another; never holds up a round. `counts` by what became of them."""

    def __init__(
        self, client: Client, instance: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.counts: Counter[str] = Counter(posted=0, dropped=0, failed=0)
        self._client, self._instance, self._clock = client, instance, clock
        self._waiting: deque[tuple[Telling, str]] = deque()
        self._wanted = asyncio.Event()
        self._tries = 0
        self._posted: OrderedDict[Event, _Posted] = OrderedDict()
        self._budgets: OrderedDict[Ref, _Budget] = OrderedDict()

    def offer(self, tellings: Iterable[Telling]) -> None:
        """Take Events to be posted, in order; over a budget they are dropped and counted."""
        for telling in tellings:
            event = telling.event
            if len(self._waiting) >= WAITING or not self._within_budget(event.regarding):
                self.counts["dropped"] += 1
                telling.done()
            else:
                self._waiting.append((telling, _name(event, self._clock())))
        self._wanted.set()

    def forget(self) -> None:
        """Post nothing of what is waiting."""
        self._waiting.clear()

    async def run(self) -> None:
        """Post until cancelled; while the API server is away, wait for it."""
        while True:
            while self._waiting:
                await self._post_first()
            self._wanted.clear()
            await self._wanted.wait()

    async def _post_first(self) -> None:
        """One try. An answer that asks for another is heeded a while, then the next one comes."""
        try:
            await self._post(*self._waiting[0])
        except ApiError as error:
            self._tries += 1
            if self._tries < _MOST_TRIES:
                await asyncio.sleep(_RETRY_SECONDS)
                return
            self.counts["failed"] += 1
            log.warning("an Event was given up after %d tries: %s", _MOST_TRIES, error)
        except (Unreachable, Malformed):
            await asyncio.sleep(_RETRY_SECONDS)
            return
        self._tries = 0
        telling, _ = self._waiting.popleft()
        telling.done()

    async def _post(self, telling: Telling, name: str) -> None:
        """An answer that says no ends an Event: the namespace may be ending, or gone."""
        event = telling.event
        try:
            if telling.since is not None and await self._was_posted(event, telling.since):
                return
            if not await self._continue_series(event):
                await self._create(event, name)
            self.counts["posted"] += 1
        except ApiError as error:
            if error.status in (401, 429) or error.status >= 500:  # it may pass
                raise
            gone = error.status == 404 or "being terminated" in error.message
            self.counts["dropped" if gone else "failed"] += 1
            log.log(
                logging.DEBUG if gone else logging.WARNING,
                "an Event about %s was refused: %s",
                one_line(event.regarding),
                error,
            )

    async def _create(self, event: Event, name: str) -> None:
        """Each try has the same name: the one before may have been heard, and its answer lost."""
        body = body_of(event, name, self._instance, datetime.now(UTC))
        try:
            await self._client.post(_path(event), body)
        except ApiError as error:
            if error.status != 409:
                raise
        self._posted[event] = _Posted(name, 1, self._clock())
        while len(self._posted) > _MOST_KNOWN:
            self._posted.popitem(last=False)

    async def _was_posted(self, event: Event, since: float) -> bool:
        """Whether somebody has posted it: to change nothing of it succeeds where it is there."""
        now = self._clock()
        when = max(since, now - _KEPT_SECONDS) - SERIES_SECONDS
        while when < now + SERIES_SECONDS:
            try:
                await self._client.patch(f"{_path(event)}/{_name(event, when)}", {})
            except ApiError as error:
                if error.status != 404:
                    raise
            else:
                return True
            when += SERIES_SECONDS
        return False

    async def _continue_series(self, event: Event) -> bool:
        """Count a repeat on the Event that is there; it may have expired on the API server."""
        known = self._posted.get(event)
        if known is None or self._clock() - known.last > SERIES_SECONDS:
            return False
        patch = series_of(known.count + 1, datetime.now(UTC))
        try:
            await self._client.patch(f"{_path(event)}/{known.name}", patch)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        known.count, known.last = known.count + 1, self._clock()
        return True

    def _within_budget(self, about: Ref) -> bool:
        now = self._clock()
        budget = self._budgets.setdefault(about, _Budget(BURST, now))
        refilled = max(0.0, now - budget.filled) / REFILL_SECONDS  # clocks are set back
        budget.left = min(BURST, budget.left + refilled)
        budget.filled = now
        self._budgets.move_to_end(about)
        while len(self._budgets) > _MOST_KNOWN:
            self._budgets.popitem(last=False)
        if budget.left < 1:
            return False
        budget.left -= 1
        return True


def _name(event: Event, now: float) -> str:
    """A name that begins with that of the object; no part of it may end with a dash. An Event that
    is repeated too late for its series has another.
    """
    said = (*event.regarding, event.uid, event.reason, event.action, event.type, event.note)
    digest = sha256("\0".join((*said, str(now // SERIES_SECONDS))).encode()).hexdigest()
    return f"{event.regarding.name[:_LONGEST_STEM].rstrip('-.')}.{digest[:16]}"


def _path(event: Event) -> str:
    return f"/apis/events.k8s.io/v1/namespaces/{event.namespace}/events"
