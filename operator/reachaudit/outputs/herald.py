"""The herald: tells people what changes, as the one replica that leads.

    round ─▶ take ─┬▶ Events: what opened and closed
                   └▶ memory: what was told, for whoever comes after

Who does not lead watches in silence, and notes what he sees. Who begins to lead tells what happened
since his predecessor saved his memory; whether that one told it still is looked up by its name.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reachaudit.checks.catalogue import ABOUT
from reachaudit.findings.ledger import Transition
from reachaudit.findings.memory import Memory, news
from reachaudit.kube.backoff import Backoff
from reachaudit.kube.errors import ApiError, Malformed, Unreachable
from reachaudit.model.facts import Namespace
from reachaudit.model.names import Ref
from reachaudit.outputs.event import Event, baseline_event, event_of, resumed_event
from reachaudit.outputs.events import Events, Telling
from reachaudit.outputs.memories import Memories
from reachaudit.round.pipeline import Round

SAVE_SECONDS = 10.0
RETRY_SECONDS = 1.0
LAST_SAVE_SECONDS = 3.0
_MOST_SEEN = 10_000
_FORGOTTEN_LATER = 1_000
_CLOCKS_APART = 5.0  # seconds by which the clocks of two nodes may differ

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Accession:
    """That somebody begins to lead, with what was told before; None where nothing was."""

    memory: Memory | None


class _Seen(NamedTuple):
    """A transition that this one has not told, and when it was seen."""

    when: float
    transition: Transition
    event: Event


_Told = tuple[Transition, Event]


class Herald:
    """Tells what rounds give while it leads."""

    def __init__(
        self,
        events: Events,
        memories: Memories | None,
        namespace: str,
        uid: Callable[[Ref], str],
        wake: Callable[[], None],
    ) -> None:
        """`memories`: None keeps nothing. `uid`: that of an object that is there, else "".

        `wake` asks for a round.
        """
        self.leads = False
        self.accession: Accession | None = None  # who begins to lead waits for the next round
        self._events, self._memories, self._namespace = events, memories, namespace
        self._uid, self._wake = uid, wake
        self._uids: dict[Ref, str] = {}
        self._seen: deque[_Seen] = deque(maxlen=_MOST_SEEN)
        self._told: dict[str, float] = {}
        self._unsaved = asyncio.Event()

    async def lead(self) -> None:
        """Lead until cancelled."""
        self.accession = Accession(await self._recollected())
        self._wake()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._events.run(), name="events")
                tasks.create_task(self._keep(), name="memory")
        finally:
            self._events.forget()  # what was not told is not in the memory: a successor tells it
            self.accession, self.leads = None, False
            if self._unsaved.is_set():
                await self._save(LAST_SAVE_SECONDS)

    def take(self, result: Round, accession: Accession | None) -> None:
        """Tell a round; `accession` is that which there was when it began."""
        self._note_uids(result)
        told = [(each, self._event(each)) for each in result.transitions if not result.baseline]
        if self.leads:
            self._tell(result, told, None)
        else:
            self._seen.extend(_Seen(time.time(), *each) for each in told)
        if accession is not None and accession is self.accession:
            self._accede(result, accession.memory)

    def _accede(self, result: Round, memory: Memory | None) -> None:
        self.accession, self.leads = None, True
        own = self._uid(Ref(Namespace.kind, "", self._namespace))
        findings = [entry.finding for entry in result.open]
        if memory is None:
            saved, event = None, baseline_event(self._namespace, own, findings)
            told = list[_Told]()
        else:
            saved = memory.saved
            seen = [each for each in self._seen if each.when > saved - _CLOCKS_APART]
            fresh = news(memory, result.open, [each.transition for each in seen])
            event = resumed_event(self._namespace, own, findings, fresh, saved)
            opened = fresh.transitions[len(seen) :]
            told = [(each.transition, each.event) for each in seen]
            told += [(each, self._event(each)) for each in opened]
        untold = {transition.finding.fingerprint for transition, _ in told}
        self._told = {
            entry.finding.fingerprint: entry.since
            for entry in result.open
            if entry.finding.fingerprint not in untold
        }
        self._seen.clear()
        self._events.offer([Telling(event)])
        self._tell(result, told, saved)
        self._unsaved.set()

    def _event(self, transition: Transition) -> Event:
        return event_of(transition, self._uid_of(transition.finding.cause))

    def _tell(self, result: Round, told: Sequence[_Told], since: float | None) -> None:
        if not told:
            return
        prints = {transition.finding.fingerprint for transition, _ in told}
        opened = {
            entry.finding.fingerprint: entry.since
            for entry in result.open
            if entry.finding.fingerprint in prints
        }
        self._events.offer(
            Telling(
                event,
                self._told_of(transition, opened.get(transition.finding.fingerprint, 0.0)),
                since,
            )
            for transition, event in told
        )

    def _told_of(self, transition: Transition, since: float) -> Callable[[], None]:
        """What follows when a transition has been told."""
        print_ = transition.finding.fingerprint

        def done() -> None:
            if transition.kind == "opened":
                self._told[print_] = since
            else:
                self._told.pop(print_, None)
            self._unsaved.set()

        return done

    def _note_uids(self, result: Round) -> None:
        """Of what findings are about: it may be gone when its findings close."""
        for change in result.changes:
            if change.ref in self._uids:
                self._uids[change.ref] = self._uid_of(change.ref)
        for transition in result.transitions:
            cause = transition.finding.cause
            if transition.kind == "opened":
                self._uids[cause] = self._uid_of(cause)
        if len(self._uids) > 2 * len(result.open) + _FORGOTTEN_LATER:
            still = {entry.finding.cause for entry in result.open}
            still |= {each.finding.cause for each in result.transitions}
            self._uids = {ref: uid for ref, uid in self._uids.items() if ref in still}

    def _uid_of(self, ref: Ref) -> str:
        """An object's UID; that of one that is gone as long as a finding of it is told."""
        return self._uid(ref) or self._uids.get(ref, "")

    async def _recollected(self) -> Memory | None:
        """The memory of who led before, however long it takes to be read."""
        backoff = Backoff()
        while self._memories is not None:
            try:
                return await self._memories.load()
            except (ApiError, Unreachable, Malformed) as error:
                log.warning("what was told before cannot be read: %s", error)
                await asyncio.sleep(backoff.delay())
        return None

    async def _keep(self) -> None:
        """Save what was told, at once and then not too often."""
        while True:
            await self._unsaved.wait()
            await asyncio.sleep(SAVE_SECONDS if await self._save() else RETRY_SECONDS)

    async def _save(self, seconds: float | None = None) -> bool:
        self._unsaved.clear()
        if self._memories is None:
            return True
        memory = Memory(time.time(), frozenset(ABOUT), dict(self._told))
        try:
            async with asyncio.timeout(seconds):
                await self._memories.save(memory)
        except (ApiError, Unreachable, Malformed, TimeoutError) as error:
            log.warning("what was told cannot be saved: %s", error)
            self._unsaved.set()
            return False
        return True
