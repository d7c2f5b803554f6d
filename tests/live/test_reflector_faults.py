"""Whatever goes wrong on the way to the API server, the store comes to agree with it again."""

import time
from collections.abc import Callable, Iterable

import pytest
from aiohttp import web

from cluster.controlplane import ControlPlane
from live.faultyproxy import End, FaultyProxy, forward
from live.manifests import policy
from live.watched import Watched, is_watch, until
from reachaudit.model.kinds import NETWORK_POLICY

pytestmark = pytest.mark.live

KIND = "networking.k8s.io/v1", "NetworkPolicy"


@pytest.fixture
def ns(namespace: Callable[[str], str]) -> str:
    return namespace("faults")


async def test_a_lost_connection_is_resumed_without_a_list(
    controlplane: ControlPlane, proxy: FaultyProxy, it: Watched, ns: str
) -> None:
    controlplane.api.create(policy(ns, "before"))
    await it.agrees(controlplane.api, NETWORK_POLICY)  # the watch stands
    proxy.drop()
    controlplane.api.create(policy(ns, "meanwhile"))
    await it.agrees(controlplane.api, NETWORK_POLICY)
    assert it.state(NETWORK_POLICY).restarts >= 1
    assert it.state(NETWORK_POLICY).relists == 0
    assert len(it.told(NETWORK_POLICY, ns, "meanwhile")) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503, 504])
async def test_refusals_are_outlived(
    controlplane: ControlPlane, proxy: FaultyProxy, it: Watched, ns: str, status: int
) -> None:
    asked = 0

    async def refuse(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=status, text="no", headers={"Retry-After": "0"})

    controlplane.api.create(policy(ns, "old"))
    await it.agrees(controlplane.api, NETWORK_POLICY)
    proxy.answer = refuse
    proxy.drop()
    controlplane.api.create(policy(ns, "new"))
    controlplane.api.delete(*KIND, "old", ns)
    await until(lambda: asked > 5, "it tries again and again")
    assert str(status) in it.state(NETWORK_POLICY).last_error
    assert it.state(NETWORK_POLICY).forbidden == (status == 403)
    proxy.answer = forward
    await it.agrees(controlplane.api, NETWORK_POLICY)
    await until(lambda: not it.state(NETWORK_POLICY).last_error, "all is well")
    assert not it.state(NETWORK_POLICY).forbidden
    assert it.state(NETWORK_POLICY).relists == 1, "a version that is refused so often is forgotten"
    assert [c.new is None for c in it.told(NETWORK_POLICY, ns, "old")] == [False, True]


GARBAGE = {
    "not JSON": b"<html>\x00\xff\n",
    "JSON of another kind": b"[1, 2]\n",
    "an unknown type": b'{"type":"NEWS","object":{}}\n',
    "a bookmark without a version": b'{"type":"BOOKMARK","object":{"metadata":{}}}\n',
    "an error without a status": b'{"type":"ERROR","object":7}\n',
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_frames(
    controlplane: ControlPlane, proxy: FaultyProxy, it: Watched, ns: str, garbage: bytes
) -> None:
    spoilt = 0

    def spoil(request: web.Request, data: bytes) -> Iterable[bytes | End]:
        nonlocal spoilt
        spoilt += is_watch(request)
        return [garbage if is_watch(request) and spoilt <= 5 else data]

    proxy.spoil = spoil
    controlplane.api.create(policy(ns, "under-garbage"))
    await it.agrees(controlplane.api, NETWORK_POLICY)
    assert spoilt
    assert len(it.told(NETWORK_POLICY, ns, "under-garbage")) == 1


async def test_a_good_frame_is_told_whatever_comes_after_it(
    controlplane: ControlPlane, proxy: FaultyProxy, it: Watched, ns: str
) -> None:
    proxy.spoil = lambda request, data: [data + b"garbage\n" if is_watch(request) else data]
    controlplane.api.create(policy(ns, "good"))
    await until(lambda: bool(it.told(NETWORK_POLICY, ns, "good")), "the good frame is told")
    assert it.state(NETWORK_POLICY).relists == 0


def _cut(data: bytes) -> Iterable[bytes | End]:
    return [data[: len(data) // 2], End.CUT]


def _closed(data: bytes) -> Iterable[bytes | End]:
    return [data[: len(data) // 2], End.CLOSED]


def _in_bits(data: bytes) -> Iterable[bytes | End]:
    return [data[start : start + 7] for start in range(0, len(data), 7)]


@pytest.mark.parametrize("break_up", [_cut, _closed, _in_bits])
async def test_frames_that_come_in_pieces(
    controlplane: ControlPlane,
    proxy: FaultyProxy,
    it: Watched,
    ns: str,
    break_up: Callable[[bytes], Iterable[bytes | End]],
) -> None:
    sent = 0

    def spoil(request: web.Request, data: bytes) -> Iterable[bytes | End]:
        nonlocal sent
        sent += is_watch(request)
        return break_up(data) if is_watch(request) and sent % 2 else [data]

    proxy.spoil = spoil
    for number in range(5):
        controlplane.api.create(policy(ns, f"broken{number}"))
        await it.agrees(controlplane.api, NETWORK_POLICY)
    assert sent >= 5
    assert it.state(NETWORK_POLICY).relists == 0
    assert [len(it.told(NETWORK_POLICY, ns, f"broken{number}")) for number in range(5)] == [1] * 5


async def test_watches_that_the_server_ends_at_once(
    controlplane: ControlPlane, proxy: FaultyProxy, it: Watched, ns: str
) -> None:
    watches = 0

    async def end(request: web.Request) -> web.Response | None:
        nonlocal watches
        watches += is_watch(request)
        return web.Response() if is_watch(request) and watches < 8 else None

    proxy.answer = end
    proxy.drop()
    controlplane.api.create(policy(ns, "late"))
    await it.agrees(controlplane.api, NETWORK_POLICY)
    assert watches >= 8


TOO_LARGE = {
    "reason": "Timeout",
    "message": "Too large resource version: 9, current: 1",
    "details": {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    },
}


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (429, {"reason": "TooManyRequests"}, {"Retry-After": "1"}),
        (503, {"details": {"retryAfterSeconds": 1}}, {}),
        (504, TOO_LARGE, {}),
    ],
)
async def test_a_server_that_asks_to_wait_is_left_alone_for_so_long(
    controlplane: ControlPlane,
    proxy: FaultyProxy,
    it: Watched,
    ns: str,
    status: int,
    body: dict[str, object],
    headers: dict[str, str],
) -> None:
    asked: list[float] = []

    async def refuse(_: web.Request) -> web.Response | None:
        asked.append(time.monotonic())
        refused = web.json_response(body, status=status, headers=headers)
        return refused if len(asked) <= 2 else None

    proxy.answer = refuse
    proxy.drop()
    controlplane.api.create(policy(ns, "late"))
    await it.agrees(controlplane.api, NETWORK_POLICY)
    first, second, third = asked[:3]
    assert second - first >= 1
    assert third - second >= 1
    assert it.state(NETWORK_POLICY).relists == 0
