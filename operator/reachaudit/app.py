"""The live operator, wired on one page.

    API server ─▶ reflectors ─▶ store ─▶ pulse ─▶ pipeline ─┬▶ metrics ─▶ /metrics
                 (one a kind)          (one round)          └▶ events  ─▶ API server

kopf hosts it (`kube/host.py`, which also says why kopf watches no audited kind). The pipeline works
in a thread of its own, one round at a time, so that a long round never stops the watches.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.host import host
from reachaudit.model.facts import Namespace
from reachaudit.model.names import Ref
from reachaudit.model.store import Store
from reachaudit.outputs.api import State
from reachaudit.outputs.event import Event, baseline_event, event_of
from reachaudit.outputs.events import Events
from reachaudit.outputs.metrics import Health, KindHealth, Metrics
from reachaudit.outputs.web import documents, public, serve
from reachaudit.round.pipeline import Pipeline, Round
from reachaudit.settings import Options
from reachaudit.watch.access import check_access
from reachaudit.watch.pulse import Pulse
from reachaudit.watch.reflectors import Reflectors

STALE_SECONDS = 180.0

log = logging.getLogger(__name__)


async def run(options: Options) -> None:
    """Audit until a signal comes. Raises ClusterError or PortError where it cannot begin."""
    credentials = Credentials(options.kubeconfig, options.context)
    async with await Client.connect(credentials) as client:
        await check_access(client)
        operator = _Operator(options, client)
        async with operator.serving():  # before kopf starts: a port in use needs no host to end
            await host(client, operator.run)


class _Operator:
    """The parts of one operator, and the rounds that drive them."""

    def __init__(self, options: Options, client: Client) -> None:
        self._options, self._store = options, Store()
        self._reflectors = Reflectors(
            client, self._store, lambda changes: self._pulse.offer(changes)
        )
        self._pulse = Pulse(self._reflectors.synced)
        self._pipeline = Pipeline(
            options.assumptions, options.excluded, time.time, time.perf_counter
        )
        self._events = Events(client, options.instance)
        self._metrics = Metrics(self._health)
        self._state = State()
        self._judged = False
        self._uids: dict[Ref, str] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer HTTP while the context lasts."""
        listen, api = self._options.listen, self._options.api
        async with AsyncExitStack() as stack:
            app = public(self._metrics.exposition, self._unready)
            port = await stack.enter_async_context(serve(app, *listen))
            if api is not None:
                api_port = await stack.enter_async_context(serve(documents(self._state), *api))
                log.info("findings on http://%s:%d/api/v1/findings", api.host, api_port)
            log.info("metrics and health on http://%s:%d", listen.host, port)
            yield

    async def run(self) -> None:
        """Watch, judge and tell until cancelled."""
        log.info("assumptions: %s", ", ".join(self._options.assumptions.described()))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reflectors.run(), name="reflectors")
            tasks.create_task(self._events.run(), name="events")
            tasks.create_task(self._rounds(), name="rounds")

    async def _rounds(self) -> None:
        async for changes in self._pulse.rounds():
            result = await asyncio.to_thread(self._pipeline.run, changes)
            self._metrics.take(result)
            self._state.take(result, time.monotonic())
            self._events.offer(self._told(result))
            self._judged = True
            _log_round(result)

    def _told(self, result: Round) -> list[Event]:
        """What Events say of a round: each transition, or of the first one, that it was."""
        for entry in result.open:
            cause = entry.finding.cause
            self._uids[cause] = self._uid(cause)
        if result.baseline:
            own = Ref(Namespace.kind, "", self._options.namespace)
            findings = [entry.finding for entry in result.open]
            return [baseline_event(self._options.namespace, self._uid(own), findings)]
        told = [event_of(t, self._uid(t.finding.cause)) for t in result.transitions]
        still = {entry.finding.cause for entry in result.open}
        self._uids = {ref: uid for ref, uid in self._uids.items() if ref in still}
        return told

    def _uid(self, ref: Ref) -> str:
        """An object's UID; that of one that is gone as long as a finding of it is told."""
        item = self._store.get(ref)
        return item.uid if item else self._uids.get(ref, "")

    def _health(self) -> Health:
        now = time.monotonic()
        return Health(
            {
                name: KindHealth(state.synced, now - state.last_contact)
                for name, state in self._reflectors.states.items()
            },
            Counter(ref.kind for ref, _ in self._store.problems()),
            self._events.counts,
        )

    def _unready(self) -> str:
        """Not before the first verdict, and not while a kind may be stale."""
        if not self._judged:
            waiting = [name for name, s in self._reflectors.states.items() if not s.synced]
            return (
                f"waiting for {', '.join(waiting)}" if waiting else "working out the first verdict"
            )
        now = time.monotonic()
        stale = [
            name
            for name, state in self._reflectors.states.items()
            if now - state.last_contact > STALE_SECONDS
        ]
        return f"nothing heard of {', '.join(stale)}" if stale else ""


def _log_round(result: Round) -> None:
    words = partial(log.info, "%s: %d changes, %d flows gained, %d lost, %d findings open (%s)")
    opened = Counter(t.kind for t in result.transitions)
    words(
        "baseline" if result.baseline else "round",
        len(result.changes),
        sum(len(delta.gained) for delta in result.deltas),
        sum(len(delta.lost) for delta in result.deltas),
        len(result.open),
        ", ".join(f"{number} {kind}" for kind, number in sorted(opened.items())) or "none new",
    )
