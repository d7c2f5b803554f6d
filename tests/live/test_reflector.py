"""The store follows a real API server, as long as nothing fails."""

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from aiohttp import web

from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.etcd import registry_key
from cluster.rest import ApiError
from live.faultyproxy import End, FaultyProxy, honest
from live.manifests import crd, policy, put_policy
from live.watched import refuse_streams, until, watched
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.model.facts import Controller, NetworkPolicy
from reachaudit.model.kinds import KINDS, NAMESPACE, NETWORK_POLICY, SERVICE
from reachaudit.model.store import Store
from reachaudit.watch import reflector
from reachaudit.watch.reflectors import Reflectors

pytestmark = pytest.mark.live

REPLICA_SET = next(kind for kind in KINDS if kind.name == "ReplicaSet")
CILIUM = next(kind for kind in KINDS if kind.name == "CiliumNetworkPolicy.cilium.io")

MakeNamespace = Callable[[str], str]


@pytest.fixture
def api(controlplane: ControlPlane) -> Api:
    return controlplane.api


async def test_the_first_list_is_what_the_server_has(controlplane: ControlPlane, api: Api) -> None:
    async with watched(controlplane.admin_kubeconfig) as it:
        await it.synced()
        assert it.stored(NAMESPACE)
        await it.agrees(api, *(kind for kind in KINDS if not kind.optional))
        assert all(state.synced and not state.last_error for state in it.reflectors.states.values())


async def test_created_changed_deleted(
    controlplane: ControlPlane, namespace: MakeNamespace
) -> None:
    api, ns = controlplane.api, namespace("watch")
    async with watched(controlplane.admin_kubeconfig, [NETWORK_POLICY]) as it:
        await it.synced()
        before = time.monotonic()
        api.create(policy(ns, "shut", "web"))
        api.patch("networking.k8s.io/v1", "NetworkPolicy", "shut", ns, change=_annotation("x"))
        api.apply(policy(ns, "shut", "db"))
        api.delete("networking.k8s.io/v1", "NetworkPolicy", "shut", ns)
        await until(lambda: len(it.told(NETWORK_POLICY, ns, "shut")) == 3, "three changes are told")
        created, changed, deleted = it.told(NETWORK_POLICY, ns, "shut")
    assert created.old is None
    assert isinstance(created.new, NetworkPolicy)
    assert created.new.subject.labels == (("app", "web"),)
    assert changed.old == created.new
    assert isinstance(changed.new, NetworkPolicy)
    assert changed.new.subject.labels == (("app", "db"),)
    assert (deleted.old, deleted.new) == (changed.new, None)
    assert before < created.arrived <= changed.arrived <= deleted.arrived < time.monotonic()


async def test_lists_come_in_pages_where_streams_are_not_known(
    controlplane: ControlPlane, namespace: MakeNamespace, tmp_path: Path
) -> None:
    ns, etcd = namespace("pages"), controlplane.etcd
    for number in range(1001):
        put_policy(etcd, ns, f"p{number}")
    async with FaultyProxy(controlplane.admin_kubeconfig) as proxy:
        proxy.answer = refuse_streams
        async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
            await it.synced()
            await it.agrees(controlplane.api, NETWORK_POLICY)
            assert len({ref for ref in it.stored(NETWORK_POLICY) if ref.namespace == ns}) == 1001
        lists = [r.query for r in proxy.requests if "limit" in r.query]
        assert ["continue" in query for query in lists] == [False, True, True]
    etcd.delete(registry_key("networkpolicies", ns), prefix=True)


async def test_owners_are_read_as_metadata_alone(
    controlplane: ControlPlane, namespace: MakeNamespace, tmp_path: Path
) -> None:
    ns = namespace("owners")
    seen = bytearray()

    def note(request: web.Request, data: bytes) -> Iterable[bytes | End]:
        seen.extend(data)
        return honest(request, data)

    async with FaultyProxy(controlplane.admin_kubeconfig) as proxy:
        proxy.spoil = note
        async with watched(proxy.kubeconfig(tmp_path), [REPLICA_SET]) as it:
            await it.synced()
            controlplane.api.create(_deployment(ns))
            await until(lambda: bool(it.store.items("ReplicaSet")), "a ReplicaSet is stored")
            (item,) = it.store.items("ReplicaSet").values()
    assert isinstance(item.fact, Controller)
    assert item.fact.owner is not None
    assert (item.fact.owner.kind, item.fact.owner.name) == ("Deployment", "web")
    assert b'"kind":"PartialObjectMetadata"' in seen
    assert b'"spec"' not in seen


async def test_a_vendor_kind_that_comes_and_goes(
    controlplane: ControlPlane, namespace: MakeNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector, "ABSENT_SECONDS", 0.05)
    api, ns = controlplane.api, namespace("vendor")
    async with watched(controlplane.admin_kubeconfig, [CILIUM]) as it:
        await it.synced()
        assert not it.stored(CILIUM)
        api.create(crd("cilium.io", "CiliumNetworkPolicy", "ciliumnetworkpolicies", "v2"))
        manifest = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy"}
        metadata = {"namespace": ns, "name": "theirs"}
        await until(lambda: _accepted(api, {**manifest, "metadata": metadata}), "the CRD is there")
        await until(lambda: bool(it.stored(CILIUM)), "the vendor's policy is stored")
        crds = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
        api.delete(*crds, "ciliumnetworkpolicies.cilium.io")
        await until(lambda: not it.stored(CILIUM), "the vendor's policy is gone")
        assert [c.new is None for c in it.told(CILIUM, ns, "theirs")] == [False, True]
        assert it.state(CILIUM).synced
        assert not it.state(CILIUM).last_error


async def test_an_object_that_cannot_be_read_is_told_of_once_and_the_rest_goes_on(
    controlplane: ControlPlane, namespace: MakeNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    ns, etcd = namespace("odd"), controlplane.etcd
    key = registry_key("networkpolicies", ns, "odd")
    put_policy(etcd, ns, "odd")
    stored = etcd.get(key)
    assert stored is not None
    # What the API server's validation would have turned away.
    etcd.put(key, stored.replace(b'"matchLabels": {"app": "web"}', _ODD_EXPRESSION))
    put_policy(etcd, ns, "plain")
    for _ in range(2):
        async with watched(controlplane.admin_kubeconfig, [NETWORK_POLICY, SERVICE]) as it:
            await it.synced()
            assert len(it.told(NETWORK_POLICY, ns, "plain")) == 1
            assert [ref.name for ref, _ in it.store.problems()] == ["odd"]
    lines = [record.getMessage() for record in caplog.records if "odd" in record.getMessage()]
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)


async def test_it_stops_at_once_even_within_a_list(
    controlplane: ControlPlane, tmp_path: Path
) -> None:
    async with FaultyProxy(controlplane.admin_kubeconfig) as proxy:
        asked = asyncio.Event()

        async def hold(_: object) -> None:
            asked.set()
            await asyncio.Event().wait()

        proxy.answer = hold
        credentials = Credentials(str(proxy.kubeconfig(tmp_path)))
        async with await Client.connect(credentials) as client:
            reflectors = Reflectors(client, Store(), lambda _: None)
            task = asyncio.create_task(reflectors.run())
            await asyncio.wait_for(asked.wait(), 10)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=1)
            assert done


_ODD_EXPRESSION = b'"matchExpressions": [{"key": "a\\u001b[31m\\n", "operator": "In"}]'


def _annotation(value: str) -> dict[str, object]:
    return {"metadata": {"annotations": {"example.com/note": value}}}


def _deployment(namespace: str) -> dict[str, object]:
    labels = {"app": "web"}
    containers = [{"name": "web", "image": "web"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": "web"},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }


def _accepted(api: Api, manifest: dict[str, object]) -> bool:
    try:
        return bool(api.create(manifest))
    except ApiError:
        return False
