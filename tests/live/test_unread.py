"""A kind that may not be read: what hangs on it is UNKNOWN, and the rest goes on (UNK-10)."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cluster.controlplane import ControlPlane
from cluster.kubelets import Kubelets
from live.faultyproxy import FaultyProxy
from live.grants import Grant
from live.manifests import policy
from live.props import ingress, ingress_class, run_pod
from live.vendors import antrea, served
from live.watched import Watched, is_watch, until, watched
from reachaudit.kube import backoff
from reachaudit.model.facts import Fact, IngressClass, OpaquePolicy
from reachaudit.model.kinds import INGRESS, INGRESS_CLASS, KINDS, NAMESPACE, NETWORK_POLICY, Kind
from reachaudit.model.names import Ref
from reachaudit.model.store import Change
from reachaudit.reach.verdict import Reason
from reachaudit.round.pipeline import Pipeline
from reachaudit.settings import Assumptions
from reachaudit.watch import reflector, refusals

pytestmark = pytest.mark.live

THEIRS = antrea("NetworkPolicy")
MakeNamespace = Callable[[str], str]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for as long as it would be."""
    monkeypatch.setattr(backoff, "LONGEST", 0.1)
    monkeypatch.setattr(refusals, "PASSING_SECONDS", 0.3)
    monkeypatch.setattr(reflector, "ABSENT_SECONDS", 0.1)


@asynccontextmanager
async def proxied(kubeconfig: Path, folder: Path) -> AsyncIterator[tuple[FaultyProxy, Path]]:
    """A proxy, which can cut the watches that the API server leaves open, whoever lost a right."""
    async with FaultyProxy(kubeconfig) as proxy:
        yield proxy, proxy.kubeconfig(folder)


async def test_others_policies_that_may_not_be_read_may_be_anywhere_until_they_can(
    controlplane: ControlPlane,
    kubelets: Kubelets,  # noqa: ARG001
    namespace: MakeNamespace,
    without: Grant,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "reachaudit")
    api, first = controlplane.api, namespace("first")
    for app in ("web", "db"):
        run_pod(api, first, app)
    with served(api, THEIRS):
        async with watched(without(THEIRS.name)) as it:
            await it.synced()
            assert (it.state(THEIRS).unread, it.state(THEIRS).synced) == (True, False)
            assert stood_in(it, THEIRS.name) >= {first}
            await until(lambda: Reason.VENDOR_POLICY in unknown(it), "what it may concern is")
            second = namespace("second")
            await until(lambda: second in stood_in(it, THEIRS.name), "it stands there too")
            before = it.state(THEIRS).last_contact
            await until(lambda: it.state(THEIRS).last_contact > before, "it is asked for again")
            without()
            await until(lambda: it.state(THEIRS).synced, "it can be read")
            assert not it.state(THEIRS).unread
            assert not it.stored(THEIRS)
            assert Reason.VENDOR_POLICY not in unknown(it)
            assert all(state.synced for state in it.reflectors.states.values())
    refused, back = (m for m in caplog.messages if m.startswith(f"{THEIRS.resource}.crd.antrea.io"))
    assert " may not be listed by the kubeconfig /" in refused
    assert refused.endswith(": whatever they may concern is UNKNOWN (UNK-10)")
    assert back.endswith(" can be read again")


async def test_a_kind_that_is_not_there_is_not_missed(
    controlplane: ControlPlane, without: Grant
) -> None:
    """RBAC refuses it all the same, before anyone looks whether it is there."""
    async with watched(without(THEIRS.name), [THEIRS]) as it:
        await it.synced()
        assert it.state(THEIRS).synced
        with served(controlplane.api, THEIRS):
            await until(lambda: it.state(THEIRS).unread, "it is there, and may not be read")
        await until(lambda: it.state(THEIRS).synced, "it is gone again")
        assert not it.stored(THEIRS)


async def test_who_serves_an_ingress_is_unknown_while_classes_may_not_be_read(
    controlplane: ControlPlane, namespace: MakeNamespace, without: Grant
) -> None:
    api, ns = controlplane.api, namespace("classes")
    api.create(ingress_class("nginx", "k8s.io/ingress-nginx"))
    async with watched(without(INGRESS_CLASS.name), [INGRESS, INGRESS_CLASS]) as it:
        await it.synced()
        api.create(ingress(ns, "shop", {"shop.example.com": "web"}))
        await until(lambda: controller(it) == "(unread)", "a class stands in")
        without()
        await until(lambda: controller(it) == "k8s.io/ingress-nginx", "the class is known")
    api.delete("networking.k8s.io/v1", "IngressClass", "nginx")


async def test_a_right_that_is_lost_and_given_back(
    controlplane: ControlPlane, namespace: MakeNamespace, without: Grant, tmp_path: Path
) -> None:
    ns = namespace("lost")
    async with proxied(without(), tmp_path) as (proxy, config), watched(config) as it:
        await it.synced()
        await until(lambda: bool(it.stored(NAMESPACE)), "namespaces are known")
        without(NAMESPACE.name)
        await refused(it, proxy, NAMESPACE)
        await until(lambda: it.state(NAMESPACE).unread, "it is unread")
        assert not it.stored(NAMESPACE)
        assert it.reflectors.synced.is_set()
        assert not it.reflectors.missing
        without()
        await it.agrees(controlplane.api, NAMESPACE)
        assert Ref("Namespace", "", ns) in it.stored(NAMESPACE)


async def test_what_no_verdict_can_do_without_stops_all_verdicts_until_it_is_there_again(
    controlplane: ControlPlane,
    namespace: MakeNamespace,
    without: Grant,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    api, ns = controlplane.api, namespace("needed")
    api.create(policy(ns, "goes"))
    async with proxied(without(), tmp_path) as (proxy, config), watched(config) as it:
        await it.synced()
        without(NETWORK_POLICY.name)
        await refused(it, proxy, NETWORK_POLICY)
        await until(lambda: not it.reflectors.synced.is_set(), "there is no verdict any longer")
        assert it.reflectors.missing == [NETWORK_POLICY]
        heard = it.state(NETWORK_POLICY).last_contact
        assert heard < time.monotonic()
        api.delete("networking.k8s.io/v1", "NetworkPolicy", "goes", ns)
        api.create(policy(ns, "comes"))
        asked = len(proxy.requests)
        await until(lambda: len(proxy.requests) > asked + 3, "it is asked for again and again")
        assert it.state(NETWORK_POLICY).last_contact == heard, "what is kept grows stale"
        without()
        await until(it.reflectors.synced.is_set, "there are verdicts again")
        await it.agrees(api, NETWORK_POLICY)
        assert not it.reflectors.missing
        assert [c.new is None for c in it.told(NETWORK_POLICY, ns, "goes")] == [False, True]
    said = [m for m in caplog.messages if "no verdict can do without them" in m]
    assert [m.partition(" ")[0] for m in said] == ["networkpolicies.networking.k8s.io"]


async def test_a_refusal_that_passes_costs_nothing(
    namespace: MakeNamespace,
    without: Grant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As of an API server that has just started, and does not know yet what it will allow."""
    monkeypatch.setattr(refusals, "PASSING_SECONDS", 60.0)
    ns = namespace("passing")
    async with proxied(without(), tmp_path) as (proxy, config), watched(config, [NAMESPACE]) as it:
        await it.synced()
        without(NAMESPACE.name)
        await refused(it, proxy, NAMESPACE)
        without()
        await until(lambda: not it.state(NAMESPACE).last_error, "all is well")
        assert it.state(NAMESPACE).synced
        assert len(it.told(NAMESPACE, "", ns)) == 1


async def refused(it: Watched, proxy: FaultyProxy, kind: Kind) -> None:
    """Wait until a kind is refused, of which a watch that is open knows nothing for minutes."""

    def is_watched() -> bool:
        return any(is_watch(request) and request.path == kind.path for request in proxy.requests)

    await until(is_watched, "it is watched")
    proxy.drop()
    await until(lambda: it.state(kind).forbidden, "it is refused")


def facts(it: Watched) -> list[Fact]:
    items = [item for kind in KINDS for item in it.store.items(kind.name).values()]
    return [item.fact for item in items if item.fact is not None]


def stood_in(it: Watched, kind: str) -> set[str]:
    """The namespaces in which a stand-in of a kind is."""
    found = [fact for fact in facts(it) if isinstance(fact, OpaquePolicy)]
    return {fact.namespace for fact in found if fact.kind_name == kind}


def controller(it: Watched) -> str:
    """Who serves the class nginx."""
    found = [fact for fact in facts(it) if isinstance(fact, IngressClass)]
    return next((fact.controller for fact in found if fact.name == "nginx"), "")


def unknown(it: Watched) -> set[Reason]:
    """Why flows are UNKNOWN."""
    changes = [Change(fact.ref, None, fact, 0.0) for fact in facts(it)]
    excluded = frozenset[str]()
    return set(
        Pipeline(Assumptions(), excluded, lambda: 0.0, lambda: 0.0).run(changes).summary.unknown
    )
