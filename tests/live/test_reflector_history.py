"""When the API server's history is lost, and we must not go on as if we had seen it."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from aiohttp import web

from cluster.controlplane import ControlPlane
from cluster.etcd import registry_key
from live.faultyproxy import End, FaultyProxy, Spoil, forward, honest
from live.manifests import policy, put_policy
from live.watched import Watched, is_watch, refuse_streams, until, watched
from reachaudit.kube import client
from reachaudit.model.kinds import NETWORK_POLICY

pytestmark = pytest.mark.live

KIND = "networking.k8s.io/v1", "NetworkPolicy"
NO_LISTS = (
    "<html>",
    '{"items": []}',
    '{"kind": "Status", "metadata": {"resourceVersion": "1"}, "items": []}',
    '{"kind": "NetworkPolicyList", "metadata": {"resourceVersion": ""}, "items": []}',
)


@pytest.fixture
def ns(namespace: Callable[[str], str]) -> str:
    return namespace("history")


@pytest.mark.parametrize(("code", "reason"), [(410, "Expired"), (500, "InternalError")])
async def test_an_error_frame_leads_to_a_new_list(
    controlplane: ControlPlane, proxy: FaultyProxy, it: Watched, ns: str, code: int, reason: str
) -> None:
    status = {"kind": "Status", "code": code, "reason": reason, "message": "no"}
    frame = json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"

    def spoil(request: web.Request, data: bytes) -> Iterable[bytes | End]:
        if not is_watch(request):
            return [data]
        proxy.spoil = honest
        return [frame]

    proxy.spoil = spoil
    controlplane.api.create(policy(ns, "expired"))
    await until(lambda: it.state(NETWORK_POLICY).relists > 0, "it lists anew")
    await it.agrees(controlplane.api, NETWORK_POLICY)


async def test_a_list_whose_pages_expire_begins_anew(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str
) -> None:
    expired = False
    for number in range(501):
        put_policy(controlplane.etcd, ns, f"p{number}")

    async def expire(request: web.Request) -> web.Response | None:
        nonlocal expired
        if "continue" not in request.query or expired:
            return await refuse_streams(request)
        controlplane.etcd.delete(registry_key("networkpolicies", ns, "p0"))
        expired = True
        return web.json_response({"reason": "Expired", "message": "too old"}, status=410)

    proxy.answer = expire
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        assert expired
        await it.agrees(controlplane.api, NETWORK_POLICY)
        assert not it.told(NETWORK_POLICY, ns, "p0")
    controlplane.etcd.delete(registry_key("networkpolicies", ns), prefix=True)


async def test_a_connection_that_falls_silent(
    controlplane: ControlPlane,
    proxy: FaultyProxy,
    tmp_path: Path,
    ns: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "SILENT_SECONDS", 0.5)
    api = controlplane.api
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        await until(lambda: any(map(is_watch, proxy.requests)), "the watch is open")
        proxy.spoil = _swallow_once()
        api.create(policy(ns, "swallowed"))
        await it.agrees(api, NETWORK_POLICY)
        assert it.state(NETWORK_POLICY).relists == 0
        api.delete(*KIND, "swallowed", ns)
        await it.agrees(api, NETWORK_POLICY)


async def test_a_server_that_is_behind_us(
    controlplane: ControlPlane,
    proxy: FaultyProxy,
    tmp_path: Path,
    ns: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As after etcd was restored: it accepts a watch from a version to come, and says nothing."""
    monkeypatch.setattr(client, "SILENT_SECONDS", 2.0)
    bookmark = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1000000000"}}}\n'
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        contact = it.state(NETWORK_POLICY).last_contact
        proxy.spoil = lambda request, data: [bookmark if is_watch(request) else data]
        controlplane.api.create(policy(ns, "first"))
        await until(lambda: it.state(NETWORK_POLICY).last_contact > contact, "it is misled")
        proxy.drop()
        future = "resourceVersion", "1000000000"
        await until(lambda: any(future in r.query.items() for r in proxy.requests), "it resumes")
        proxy.spoil = honest
        await it.agrees(controlplane.api, NETWORK_POLICY)
        assert it.state(NETWORK_POLICY).relists == 1


async def test_an_answer_that_is_no_list_empties_nothing(
    controlplane: ControlPlane, proxy: FaultyProxy, it: Watched, ns: str
) -> None:
    controlplane.api.create(policy(ns, "stays"))
    await it.agrees(controlplane.api, NETWORK_POLICY)
    asked = 0

    async def portal(_: web.Request) -> web.Response | None:
        nonlocal asked
        asked += 1
        return web.Response(text=NO_LISTS[asked % len(NO_LISTS)], content_type="application/json")

    proxy.answer = portal
    proxy.drop()
    await until(lambda: asked > 12, "it tries again and again")
    proxy.answer = forward
    await until(lambda: not it.state(NETWORK_POLICY).last_error, "all is well")
    assert len(it.told(NETWORK_POLICY, ns, "stays")) == 1


def _swallow_once() -> Spoil:
    """Keep back all that comes on the first watch that says anything."""
    dumb: list[web.Request] = []

    def spoil(request: web.Request, data: bytes) -> Iterable[bytes | End]:
        if is_watch(request) and not dumb:
            dumb.append(request)
        return [] if request in dumb else [data]

    return spoil
