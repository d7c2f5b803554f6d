"""Lists by watch: all that is there, or nothing, whatever becomes of the stream."""

import asyncio
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from aiohttp import web

from cluster.controlplane import ControlPlane
from live.faultyproxy import End, FaultyProxy, honest
from live.manifests import policy
from live.vendors import antrea, served
from live.watched import Watched, is_stream, is_watch, refuse_streams, until, watched
from reachaudit.model.kinds import KINDS, NETWORK_POLICY

pytestmark = pytest.mark.live

KIND = "networking.k8s.io/v1", "NetworkPolicy"
EXPIRED = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n'


@pytest.fixture
def ns(namespace: Callable[[str], str]) -> str:
    return namespace("lister")


def is_list(request: web.Request) -> bool:
    return not is_stream(request) and not is_watch(request)


async def test_every_kind_is_streamed_where_the_server_does_that(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str
) -> None:
    controlplane.api.create(policy(ns, "there"))
    with served(controlplane.api, antrea("NetworkPolicy")):
        kinds = [k for k in KINDS if not k.optional] + [antrea("NetworkPolicy")]
        async with watched(proxy.kubeconfig(tmp_path), kinds) as it:
            await it.synced()
            assert not list(filter(is_list, proxy.requests))
            assert {r.path for r in filter(is_stream, proxy.requests)} == {k.path for k in kinds}
            await it.agrees(controlplane.api, *kinds)
            assert all(state.relists == 0 for state in it.reflectors.states.values())


async def test_a_server_that_does_not_know_streams_is_not_asked_again(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.answer = refuse_streams
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        await relisted(it, proxy)
        await it.agrees(controlplane.api, NETWORK_POLICY)
    assert len(list(filter(is_stream, proxy.requests))) == 1
    assert it.state(NETWORK_POLICY).relists == 1


async def test_who_may_not_watch_may_yet_list(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str
) -> None:
    async def refuse(request: web.Request) -> web.Response | None:
        watches = is_stream(request) or is_watch(request)
        return web.json_response({"reason": "Forbidden"}, status=403) if watches else None

    proxy.answer = refuse
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        controlplane.api.create(policy(ns, "seen-by-the-next-list"))
        await it.agrees(controlplane.api, NETWORK_POLICY)
        assert not it.state(NETWORK_POLICY).unread


def _cut(data: bytes) -> Iterable[bytes | End]:
    return [data[: len(data) // 2], End.CUT]


def _ended(data: bytes) -> Iterable[bytes | End]:
    return [data.split(b"\n")[0] + b"\n", End.CLOSED]


def _garbage(data: bytes) -> Iterable[bytes | End]:
    return [data.split(b"\n")[0] + b"\ngarbage\n"]


def _unmarked(data: bytes) -> Iterable[bytes | End]:
    """As a server that takes the request for that of an ordinary watch."""
    return [data.replace(b"k8s.io/initial-events-end", b"example.com/other")]


def _expired(data: bytes) -> Iterable[bytes | End]:
    return [data.split(b"\n")[0] + b"\n" + EXPIRED]


@pytest.mark.parametrize("spoilt", [_cut, _ended, _garbage, _unmarked, _expired])
async def test_a_stream_that_comes_to_no_end_changes_nothing_and_pages_follow(
    controlplane: ControlPlane,
    proxy: FaultyProxy,
    tmp_path: Path,
    ns: str,
    spoilt: Callable[[bytes], Iterable[bytes | End]],
) -> None:
    api = controlplane.api
    for name in ("goes", "stays"):
        api.create(policy(ns, name))
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        proxy.spoil = lambda request, data: spoilt(data) if is_stream(request) else [data]
        await relisted(it, proxy, lambda: api.delete(*KIND, "goes", ns))
        await it.agrees(api, NETWORK_POLICY)
        assert len(it.told(NETWORK_POLICY, ns, "goes")) == 2
        assert len(it.told(NETWORK_POLICY, ns, "stays")) == 1
        assert it.state(NETWORK_POLICY).relists == 1
    streams, lists = (list(filter(each, proxy.requests)) for each in (is_stream, is_list))
    assert (len(streams), len(lists)) == (2, 1)


async def test_what_is_gone_is_dropped_at_the_end_of_a_stream_and_not_before(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str
) -> None:
    api, held, on = controlplane.api, asyncio.Event(), list[bytes]()
    for name in ("goes", "stays"):
        api.create(policy(ns, name))

    def hold(request: web.Request, data: bytes) -> Iterable[bytes | End]:
        """Keep the last line back: the end."""
        if not is_stream(request):
            return [data]
        *lines, end = data.splitlines(keepends=True)
        if b"initial-events-end" not in end:
            return [data]
        on.append(end)
        held.set()
        return lines

    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        proxy.spoil = hold
        await relisted(it, proxy, lambda: api.delete(*KIND, "goes", ns), wait=False)
        await asyncio.wait_for(held.wait(), 20)
        names = {ref.name for ref in it.stored(NETWORK_POLICY) if ref.namespace == ns}
        assert names == {"goes", "stays"}
        proxy.spoil = honest
        proxy.drop()
        await it.agrees(api, NETWORK_POLICY)
        assert len(it.told(NETWORK_POLICY, ns, "stays")) == 1


async def test_what_goes_while_all_is_told_is_not_kept(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str
) -> None:
    """An API server may tell of changes before it marks the end."""
    metadata = {"namespace": ns, "name": "brief", "resourceVersion": "1"}
    brief = [
        json.dumps({"type": kind, "object": {"metadata": metadata, "spec": {}}}).encode() + b"\n"
        for kind in ("ADDED", "MODIFIED", "DELETED")
    ]
    proxy.spoil = lambda request, data: [*brief, data] if is_stream(request) else [data]
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        await it.agrees(controlplane.api, NETWORK_POLICY)
        assert not it.told(NETWORK_POLICY, ns, "brief")
    assert not list(filter(is_list, proxy.requests))


async def relisted(
    it: Watched,
    proxy: FaultyProxy,
    meanwhile: Callable[[], object] = lambda: None,
    *,
    wait: bool = True,
) -> None:
    """Have a watch told that its history is gone, after something that it is not told."""
    await until(lambda: any(map(is_watch, proxy.requests)), "the watch is open")
    answer = proxy.answer

    async def expire(request: web.Request) -> web.Response | None:
        if not is_watch(request):
            return await answer(request)
        proxy.answer = answer
        return web.json_response({"reason": "Expired", "message": "too old"}, status=410)

    proxy.answer = expire
    proxy.drop()
    meanwhile()
    if wait:
        await until(lambda: it.state(NETWORK_POLICY).relists > 0, "it lists anew")
