"""Which of several candidates leads, by a Lease on a real API server."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.objects import KubeObject, dig
from live.faultyproxy import FaultyProxy, forward
from live.watched import until
from reachaudit.kube import lease as leases
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.lease import Lease

pytestmark = pytest.mark.live


@dataclass
class Candidate:
    """One who would lead. `story` is what he and others did, in order."""

    name: str
    lease: Lease
    story: list[str]
    task: asyncio.Task[None] = field(init=False)

    async def lead(self) -> None:
        self.story.append(f"{self.name} leads")
        try:
            await asyncio.Event().wait()
        finally:
            self.story.append(f"{self.name} stops")

    async def ended(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


class Election:
    """Candidates for one Lease."""

    def __init__(self, namespace: str) -> None:
        self.namespace, self.story = namespace, list[str]()
        self._stack = AsyncExitStack()

    async def candidate(self, name: str, kubeconfig: Path) -> Candidate:
        credentials = Credentials(str(kubeconfig))
        client = await self._stack.enter_async_context(await Client.connect(credentials))
        found = Candidate(name, Lease(client, self.namespace, "audit", name), self.story)
        found.task = asyncio.create_task(found.lease.run(found.lead))
        self._stack.push_async_callback(found.ended)
        return found

    async def come_to(self, *story: str) -> None:
        with suppress(TimeoutError):
            await until(lambda: len(self.story) >= len(story), "the story goes on", 10)
        assert self.story == list(story)

    async def close(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def election(
    namespace: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Election]:
    for name, seconds in (("DURATION", 2), ("RENEW", 1.0), ("RETRY", 0.1), ("TRY", 0.5)):
        monkeypatch.setattr(leases, f"{name}_SECONDS", seconds)
    found = Election(namespace("lease"))
    yield found
    await found.close()


@asynccontextmanager
async def proxied(
    controlplane: ControlPlane, folder: Path
) -> AsyncIterator[tuple[Path, FaultyProxy]]:
    async with FaultyProxy(controlplane.admin_kubeconfig) as proxy:
        yield proxy.kubeconfig(folder), proxy


def spec(api: Api, namespace: str) -> KubeObject:
    found = dig(api.get("coordination.k8s.io/v1", "Lease", "audit", namespace).body, "spec")
    assert isinstance(found, dict)
    return found


async def hold(_: web.Request) -> web.Response | None:
    """Never answer."""
    await asyncio.Event().wait()
    return None


async def refuse(request: web.Request) -> web.Response | None:
    """Answer that nobody may write."""
    return None if request.method == "GET" else web.json_response({}, status=403)


async def test_one_leads_and_the_next_one_does_as_soon_as_it_gives_the_lease_back(
    election: Election, controlplane: ControlPlane
) -> None:
    first = await election.candidate("first", controlplane.admin_kubeconfig)
    await election.come_to("first leads")
    second = await election.candidate("second", controlplane.admin_kubeconfig)
    waiting = second.lease.answered
    await until(lambda: second.lease.answered > waiting, "the second one knows who leads")
    assert (first.lease.held, second.lease.held) == (True, False)
    assert spec(controlplane.api, election.namespace)["holderIdentity"] == "first"
    await first.ended()
    assert spec(controlplane.api, election.namespace)["holderIdentity"] in ("", "second")
    await election.come_to("first leads", "first stops", "second leads")
    assert spec(controlplane.api, election.namespace)["leaseTransitions"] == 1


async def test_it_is_renewed_and_the_time_of_its_beginning_stays(
    election: Election, controlplane: ControlPlane
) -> None:
    await election.candidate("first", controlplane.admin_kubeconfig)
    await election.come_to("first leads")
    before = spec(controlplane.api, election.namespace)
    await until(
        lambda: spec(controlplane.api, election.namespace)["renewTime"] != before["renewTime"],
        "it is renewed",
    )
    assert spec(controlplane.api, election.namespace)["acquireTime"] == before["acquireTime"]


async def test_who_hears_nothing_stops_before_another_begins(
    election: Election, controlplane: ControlPlane, tmp_path: Path
) -> None:
    async with proxied(controlplane, tmp_path) as (kubeconfig, proxy):
        first = await election.candidate("first", kubeconfig)
        await election.come_to("first leads")
        second = await election.candidate("second", controlplane.admin_kubeconfig)
        proxy.answer = hold
        await election.come_to("first leads", "first stops", "second leads")
        assert first.lease.problem.endswith("no answer in time")
        proxy.answer = forward
        await until(lambda: not first.lease.problem, "it is heard again")
        assert not first.lease.held
        assert second.lease.held
        await first.ended()


async def test_one_who_dies_is_waited_for_and_no_longer(
    election: Election, controlplane: ControlPlane, tmp_path: Path
) -> None:
    async with proxied(controlplane, tmp_path) as (kubeconfig, proxy):
        first = await election.candidate("first", kubeconfig)
        await election.come_to("first leads")
        proxy.answer = hold  # so that it cannot give the Lease back
        await first.ended()
        assert spec(controlplane.api, election.namespace)["holderIdentity"] == "first"
        await election.candidate("second", controlplane.admin_kubeconfig)
        await election.come_to("first leads", "first stops", "second leads")


async def test_who_may_not_write_it_never_leads_and_says_so_once(
    election: Election,
    controlplane: ControlPlane,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with proxied(controlplane, tmp_path) as (kubeconfig, proxy):
        proxy.answer = refuse
        first = await election.candidate("first", kubeconfig)
        await until(
            lambda: sum(each.method == "POST" for each in proxy.requests) > 3,
            "it tries again and again",
        )
        assert first.lease.problem == f"Lease {election.namespace}/audit: 403 Forbidden"
        warned = [each.message for each in caplog.records if each.levelno >= logging.WARNING]
        assert warned == [f"{first.lease.problem}; will be tried again"]
        proxy.answer = forward
        await election.come_to("first leads")
        await first.ended()


async def test_what_leading_raises_ends_the_candidate(
    election: Election, controlplane: ControlPlane
) -> None:
    async def fail() -> None:
        raise RuntimeError("a bug")

    credentials = Credentials(str(controlplane.admin_kubeconfig))
    async with await Client.connect(credentials) as client:
        with pytest.raises(RuntimeError, match="a bug"):
            await Lease(client, election.namespace, "audit", "first").run(fail)
    assert spec(controlplane.api, election.namespace)["holderIdentity"] == ""
