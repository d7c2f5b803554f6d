"""An API server that is slow, silent, or short of breath: the store is late, and then right."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from cluster.controlplane import ControlPlane
from live.faultyproxy import FaultyProxy, forward
from live.manifests import policy
from live.watched import Watched, is_watch, until, watched
from reachaudit.kube import client as client_module
from reachaudit.model.kinds import KINDS, NETWORK_POLICY

pytestmark = pytest.mark.live

KIND = "networking.k8s.io/v1", "NetworkPolicy"
NEEDED = [kind for kind in KINDS if not kind.optional]


@pytest.fixture
def ns(namespace: Callable[[str], str]) -> str:
    return namespace("slow")


async def test_each_answer_comes_late(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str
) -> None:
    async def late(_: web.Request) -> None:
        await asyncio.sleep(0.3)

    proxy.answer = late
    async with watched(proxy.kubeconfig(tmp_path), NEEDED) as it:
        await it.synced()
        controlplane.api.create(policy(ns, "late"))
        proxy.drop()
        await it.agrees(controlplane.api, *NEEDED)
        assert len(it.told(NETWORK_POLICY, ns, "late")) == 1
        assert all(state.relists == 0 for state in it.reflectors.states.values())


async def test_lists_that_vanish_into_a_black_hole_are_asked_for_again(
    controlplane: ControlPlane,
    proxy: FaultyProxy,
    tmp_path: Path,
    ns: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 0.2)

    async def swallow(_: web.Request) -> None:
        await asyncio.Event().wait()

    proxy.answer = swallow
    controlplane.api.create(policy(ns, "here"))
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await until(lambda: len(proxy.requests) > 2, "it asks again and again")
        assert it.state(NETWORK_POLICY).last_error.endswith("no answer in time")
        assert not it.state(NETWORK_POLICY).synced
        proxy.answer = forward
        await it.agrees(controlplane.api, NETWORK_POLICY)
        await until(lambda: not it.errors(), "all is well")


async def test_watches_that_the_server_ends_each_second(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str
) -> None:
    def briefly(request: web.Request) -> URL:
        url = request.rel_url
        return url.update_query(timeoutSeconds="1") if is_watch(request) else url

    proxy.ask = briefly
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        for number in range(3):
            controlplane.api.create(policy(ns, f"p{number}"))
            ended = it.state(NETWORK_POLICY).restarts
            await until(partial(_restarted, it, ended), "a watch ends")
        await it.agrees(controlplane.api, NETWORK_POLICY)
        assert [len(it.told(NETWORK_POLICY, ns, f"p{n}")) for n in range(3)] == [1, 1, 1]
        assert it.state(NETWORK_POLICY).relists == 0


def _restarted(it: Watched, times: int) -> bool:
    return it.state(NETWORK_POLICY).restarts > times
