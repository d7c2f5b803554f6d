"""The live operator, wired on one page.

    API server ─▶ reflectors ─▶ store ─▶ pulse ─▶ pipeline ─┬▶ metrics ─▶ /metrics
                 (one a kind)          (one round)          └▶ herald  ─▶ Events, memory
                                                               ▲
                                                             lease: which replica tells

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
from reachaudit.kube.lease import Lease
from reachaudit.model.names import Ref
from reachaudit.model.store import Store
from reachaudit.outputs.api import State
from reachaudit.outputs.events import Events
from reachaudit.outputs.herald import Herald
from reachaudit.outputs.memories import Memories
from reachaudit.outputs.metrics import Health, KindHealth, Metrics
from reachaudit.outputs.web import documents, public, serve
from reachaudit.round.pipeline import NEVER, Pipeline, Round
from reachaudit.settings import Options
from reachaudit.watch.access import check_access, forbidden
from reachaudit.watch.beside import beside
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
        self._options, self._client, self._store = options, client, Store()
        self._reflectors = Reflectors(
            client, self._store, lambda changes: self._pulse.offer(changes)
        )
        self._pulse = Pulse(self._reflectors.synced)
        self._pipeline = Pipeline(
            options.assumptions, options.excluded, time.time, time.perf_counter
        )
        self._lease, memories = None, None
        if options.lease is not None:
            self._lease = Lease(client, options.namespace, options.lease, options.instance)
            memories = Memories(client, options.namespace, f"{options.lease}-memory")
        self._events = Events(client, options.instance)
        self._herald = Herald(
            self._events, memories, options.namespace, self._uid, self._pulse.wake
        )
        self._metrics = Metrics(self._health)
        self._state = State()
        self._judged = False

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer HTTP while the context lasts."""
        listen, api = self._options.listen, self._options.api
        async with AsyncExitStack() as stack:
            app = public(self._metrics.exposition, self._unready, self._standby)
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
            tasks.create_task(self._leading(), name="leading")
            tasks.create_task(self._rounds(), name="rounds")

    async def _leading(self) -> None:
        """Lead: with a Lease, as long as it is held."""
        if self._lease is None:
            await self._herald.lead()
        else:
            await self._lease.run(self._herald.lead)

    async def _rounds(self) -> None:
        async for changes in self._pulse.rounds():
            accession = self._herald.accession
            since = accession.memory.since if accession and accession.memory else NEVER
            result = await beside(partial(self._pipeline.run, changes, since))
            self._herald.take(result, accession)
            self._metrics.take(result, leads=self._herald.leads)
            if self._options.api is not None:
                self._state.take(result, time.monotonic())
            self._judged = True
            if result.summary.due:
                self._pulse.wake(result.summary.due)
            _log_round(result)

    def _uid(self, ref: Ref) -> str:
        item = self._store.get(ref)
        return item.uid if item else ""

    def _health(self) -> Health:
        now = time.monotonic()
        return Health(
            self._herald.leads,
            {
                name: KindHealth(state.synced, state.unread, now - state.last_contact)
                for name, state in self._reflectors.states.items()
            },
            Counter(ref.kind for ref, _ in self._store.problems()),
            self._events.counts,
        )

    def _unready(self) -> str:
        """Not before the first verdict, and not while a kind is missing or may be stale."""
        if missing := self._reflectors.missing:
            return str(forbidden(self._client, missing))
        if not self._judged:
            states = self._reflectors.states
            waiting = [name for name, s in states.items() if not (s.synced or s.unread)]
            return (
                f"waiting for {', '.join(waiting)}" if waiting else "working out the first verdict"
            )
        now = time.monotonic()
        stale = [
            name
            for name, state in self._reflectors.states.items()
            if now - state.last_contact > STALE_SECONDS
        ]
        if stale:
            return f"nothing heard of {', '.join(stale)}"
        if self._lease is not None and now - self._lease.answered > STALE_SECONDS:
            return self._lease.problem
        return ""

    def _standby(self) -> bool:
        return not self._herald.leads


def _log_round(result: Round) -> None:
    level = logging.INFO if result.baseline or result.transitions else logging.DEBUG
    words = partial(
        log.log, level, "%s: %d changes, %d flows gained, %d lost, %d findings open (%s)"
    )
    opened = Counter(t.kind for t in result.transitions)
    words(
        "baseline" if result.baseline else "round",
        len(result.changes),
        sum(len(delta.gained) for delta in result.deltas),
        sum(len(delta.lost) for delta in result.deltas),
        len(result.open),
        ", ".join(f"{number} {kind}" for kind, number in sorted(opened.items())) or "none new",
    )
