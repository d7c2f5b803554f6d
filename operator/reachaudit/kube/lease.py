"""A Lease: which of several replicas leads, as client-go elects it.

The Lease is read and written by the official client. Its own election is not used: as of 37.0 it
cannot create a Lease (its `pretty=True` is refused by its own validation), ends at a lost
connection, waits for ever on one that hangs, tells local time as UTC, and gives nothing back.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime

import aiohttp
from kubernetes.aio.client import (
    ApiClient,
    CoordinationV1Api,
    V1Lease,
    V1LeaseSpec,
    V1ObjectMeta,
)
from kubernetes.aio.client.exceptions import ApiException

from reachaudit.kube.client import USER_AGENT, Client
from reachaudit.kube.errors import one_line

DURATION_SECONDS = 10  # so long others wait for a holder of whom nothing is heard
RENEW_SECONDS = 7.0  # a holder that could not renew for so long leads no more
RETRY_SECONDS = 2
TRY_SECONDS = 4.0

log = logging.getLogger(__name__)


class Lease:
    """One candidate for a Lease in its namespace.

    `answered`: monotonic seconds when it was last told who holds it. `problem`: why not, "" where
    the last try was answered.
    """

    def __init__(self, client: Client, namespace: str, name: str, identity: str) -> None:
        self.answered, self.problem, self._complaint = time.monotonic(), "", ""
        self._client, self._identity = client, identity
        self._name, self._namespace = name, namespace
        self._official: ApiClient | None = None
        self._closing = AsyncExitStack()
        self._login = client.login
        self._until = float("-inf")
        self._seen: tuple[str | None, datetime | None] | None = None
        self._seen_until = float("-inf")

    def __str__(self) -> str:
        return f"Lease {one_line(self._namespace)}/{one_line(self._name)}"

    @property
    def held(self) -> bool:
        """Whether nobody else can hold it now."""
        return time.monotonic() < self._until

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Run `lead` whenever the Lease is held, until cancelled; what it raises is raised here."""
        leading: asyncio.Task[None] | None = None
        try:
            while True:
                await self._try()
                if self.held and leading is None:
                    log.info("leads, by %s", self)
                    leading = asyncio.create_task(_awaited(lead), name="leading")
                elif leading is not None and not self.held:
                    log.warning("leads no more: %s", self.problem or "another does")
                    await _ended(leading)
                    leading = None
                if leading is not None and leading.done():
                    leading.result()
                await self._pause()
        finally:
            try:
                if leading is not None:
                    await _ended(leading)
            finally:
                await self._give_back()
                await self._close()

    async def _pause(self) -> None:
        """Until the next try, which comes sooner where the Lease is lost or free before."""
        ends = (self._until, self._seen_until)
        left = (end - time.monotonic() for end in ends)
        await asyncio.sleep(min([RETRY_SECONDS, *(each for each in left if each > 0)]))

    async def _try(self) -> None:
        """Take it, or renew it, or learn who has it."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(TRY_SECONDS):
                held = await self._elect(CoordinationV1Api(await self._api()))
        except ApiException as error:
            self._complain(f"{error.status} {one_line(error.reason)}")
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a TimeoutError is an OSError
            self._complain(one_line(error) or "no answer in time")
        else:
            self.answered, self.problem, self._complaint = time.monotonic(), "", ""
            self._until = began + RENEW_SECONDS if held else float("-inf")

    def _complain(self, problem: str) -> None:
        """Log it once where it lasts: that somebody else was faster is no more than one try."""
        problem = f"{self}: {problem}"
        if problem == self.problem and self._complaint != problem:
            log.warning("%s; will be tried again", problem)
            self._complaint = problem
        self.problem = problem

    async def _elect(self, leases: CoordinationV1Api) -> bool:
        """Whether it is ours now. Who was faster is told by a conflict, which is one more try."""
        now = datetime.now(UTC)
        try:
            lease = await leases.read_namespaced_lease(self._name, self._namespace)
        except ApiException as error:
            if error.status != 404:
                raise
            lease = V1Lease(metadata=V1ObjectMeta(name=self._name), spec=self._spec(None, now))
            await leases.create_namespaced_lease(self._namespace, lease)
            return True
        if self._is_taken(lease.spec):
            return False
        lease.spec = self._spec(lease.spec, now)
        await leases.replace_namespaced_lease(self._name, self._namespace, lease)
        return True

    def _is_taken(self, spec: V1LeaseSpec | None) -> bool:
        """Whether another holds it: his time begins when we see that he renewed it, so that no
        clock but ours counts.
        """
        if spec is None or spec.holder_identity in (None, "", self._identity):
            return False
        seen = spec.holder_identity, spec.renew_time
        if seen != self._seen:
            lasts = spec.lease_duration_seconds or DURATION_SECONDS
            self._seen, self._seen_until = seen, time.monotonic() + lasts
        return time.monotonic() < self._seen_until

    def _spec(self, before: V1LeaseSpec | None, now: datetime) -> V1LeaseSpec:
        ours = before is not None and before.holder_identity == self._identity
        changes = (before.lease_transitions or 0) if before else 0
        return V1LeaseSpec(
            holder_identity=self._identity,
            lease_duration_seconds=DURATION_SECONDS,
            acquire_time=before.acquire_time if before and ours else now,
            renew_time=now,
            lease_transitions=changes if ours or before is None else changes + 1,
        )

    async def _give_back(self) -> None:
        """So that another need not wait; where it fails, he waits."""
        if not self.held:
            return
        self._until = float("-inf")
        with suppress(ApiException, aiohttp.ClientError, OSError, ValueError):
            async with asyncio.timeout(TRY_SECONDS):
                leases = CoordinationV1Api(await self._api())
                lease = await leases.read_namespaced_lease(self._name, self._namespace)
                if lease.spec is not None and lease.spec.holder_identity == self._identity:
                    lease.spec.holder_identity = ""
                    await leases.replace_namespaced_lease(self._name, self._namespace, lease)

    async def _api(self) -> ApiClient:
        """The official client, with the credentials in use."""
        if self._official is None or self._login is not self._client.login:
            await self._close()
            self._login = self._client.login
            client = ApiClient(self._login.configuration)
            client.user_agent = USER_AGENT
            await self._closing.enter_async_context(client)
            self._official = client
        return self._official

    async def _close(self) -> None:
        self._official = None
        await self._closing.aclose()


async def _awaited(lead: Callable[[], Awaitable[None]]) -> None:
    await lead()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()
