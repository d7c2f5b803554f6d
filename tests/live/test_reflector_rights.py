"""Who we are changes while we watch: tokens are rotated, rights taken away and given back."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from cluster.api import Api
from cluster.controlplane import ControlPlane
from live import everykind
from live.faultyproxy import FaultyProxy
from live.manifests import policy
from live.watched import until, watched
from reachaudit.kube import client as client_module
from reachaudit.model.kinds import NETWORK_POLICY, SERVICE, VENDOR_KINDS
from reachaudit.watch import reflector

pytestmark = pytest.mark.live

RBAC = "rbac.authorization.k8s.io/v1"
CILIUM = VENDOR_KINDS[0]


@pytest.fixture
def ns(namespace: Callable[[str], str]) -> str:
    return namespace("rights")


async def test_a_rotated_token_is_taken_over_without_a_list(
    controlplane: ControlPlane,
    proxy: FaultyProxy,
    tmp_path: Path,
    ns: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "RENEWAL_GAP", 0.0)
    api, account = controlplane.api, "rotated"
    allow(api, ns, account, NETWORK_POLICY.resource)
    mount = controlplane.service_account_dir(ns, account)
    refused: list[str] = []
    good = (mount / "token").read_text()

    async def expire(request: web.Request) -> web.Response | None:
        if request.headers["Authorization"] == f"Bearer {good}":
            return None
        refused.append(request.path)
        return web.Response(status=401)

    proxy.answer = expire
    config = by_token_file(proxy.kubeconfig(tmp_path), mount / "token")
    async with watched(config, [NETWORK_POLICY]) as it:
        await it.synced()
        fresh = (controlplane.service_account_dir(ns, account) / "token").read_text()
        (mount / "token").write_text(good)  # the old one ends before the new one is there
        good = fresh
        proxy.drop()
        api.create(policy(ns, "meanwhile"))
        await until(lambda: bool(refused), "the old token is refused")
        (mount / "token").write_text(fresh)
        await it.agrees(api, NETWORK_POLICY)
        await until(lambda: not it.errors(), "all is well")
        assert len(it.told(NETWORK_POLICY, ns, "meanwhile")) == 1


async def test_a_right_that_is_taken_away_stops_one_kind_until_it_is_given_back(
    controlplane: ControlPlane, proxy: FaultyProxy, tmp_path: Path, ns: str
) -> None:
    api, account = controlplane.api, "restricted"
    allow(api, ns, account, NETWORK_POLICY.resource, SERVICE.resource)
    mount = controlplane.service_account_dir(ns, account)
    config = by_token_file(proxy.kubeconfig(tmp_path), mount / "token")
    async with watched(config, [NETWORK_POLICY, SERVICE]) as it:
        await it.synced()
        before = dict(it.stored(NETWORK_POLICY))
        allow(api, ns, account, SERVICE.resource)
        proxy.drop()
        await until(lambda: it.state(NETWORK_POLICY).forbidden, "the kind is forbidden")
        api.create(policy(ns, "unseen"))
        everykind.put(controlplane.etcd, SERVICE, "seen")
        await it.agrees(api, SERVICE)
        assert not it.state(SERVICE).forbidden
        assert it.stored(NETWORK_POLICY) == before, "what is forbidden is not gone"
        allow(api, ns, account, NETWORK_POLICY.resource, SERVICE.resource)
        await it.agrees(api, NETWORK_POLICY, SERVICE)
        await until(lambda: not it.errors(), "all is well")
        assert not it.state(NETWORK_POLICY).forbidden
    controlplane.etcd.delete(everykind.key(SERVICE, "seen"))


async def test_a_vendors_kind_that_is_deleted_and_created_again(
    controlplane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector, "ABSENT_SECONDS", 0.05)
    api, put = controlplane.api, partial(everykind.put, controlplane.etcd, CILIUM)
    everykind.serve_vendors(api, CILIUM)
    put("first")
    async with watched(controlplane.admin_kubeconfig, [CILIUM]) as it:
        await it.agrees(api, CILIUM)
        for name in ("second", "third"):
            everykind.drop_vendors(api, CILIUM)
            await until(lambda: not it.stored(CILIUM), "the kind is gone")
            assert it.state(CILIUM).synced
            everykind.serve_vendors(api, CILIUM)
            put(name)
            await until(lambda: bool(it.stored(CILIUM)), "the kind is there again")
            await it.agrees(api, CILIUM)
        everykind.drop_vendors(api, CILIUM)
        await until(lambda: not it.stored(CILIUM), "the kind is gone")
        told = [(change.ref.name, change.new is None) for change in it.changes]
    assert told == [(n, gone) for n in ("first", "second", "third") for gone in (False, True)]


def allow(api: Api, namespace: str, account: str, *resources: str) -> None:
    """Let a service account, which is made where need be, watch just these."""
    name = f"{namespace}-{account}"
    api.apply(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"namespace": namespace, "name": account},
        }
    )
    rule = {"apiGroups": ["*"], "resources": list(resources), "verbs": ["list", "watch"]}
    head = {"apiVersion": RBAC, "metadata": {"name": name}}
    api.apply({**head, "kind": "ClusterRole", "rules": [rule]})
    subject = {"kind": "ServiceAccount", "namespace": namespace, "name": account}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    api.apply({**head, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject]})


def by_token_file(kubeconfig: Path, token: Path) -> Path:
    """The same cluster, by a token that is read from a file."""
    config = json.loads(kubeconfig.read_text())
    config["users"][0]["user"] = {"tokenFile": str(token)}
    kubeconfig.write_text(json.dumps(config))
    return kubeconfig
