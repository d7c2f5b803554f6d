"""A live cluster read once: all that there is, and UNKNOWN where something may not be read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from cluster.controlplane import ControlPlane
from cluster.kubelets import Kubelets
from live import behind
from live.faultyproxy import Answer, FaultyProxy
from live.grants import BINDING, Grant, binding
from live.props import OPEN, SHUT_INGRESS, ingress, ingress_class, policy, run_pod, service
from live.vendors import antrea, served
from live.watched import watched
from reachaudit.kube import backoff
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.errors import ClusterError
from reachaudit.model.facts import Namespace, Pod
from reachaudit.model.kinds import KINDS
from reachaudit.model.names import Ref
from reachaudit.model.store import Change
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Reason
from reachaudit.round.pipeline import Pipeline
from reachaudit.settings import Assumptions
from reachaudit.watch import pages
from reachaudit.watch.once import RETRIES, read
from reachaudit.watch.snapshot import Snapshot

pytestmark = pytest.mark.live

TEAM = {"namespaceSelector": {"matchLabels": {"team": "shop"}}}


@pytest.fixture
def shop(
    controlplane: ControlPlane,
    kubelets: Kubelets,  # noqa: ARG001
    namespace: Callable[[str], str],
) -> str:
    """A namespace with a pod, a Service, an Ingress and some policies."""
    api, name = controlplane.api, namespace("shop")
    run_pod(api, name, "web")
    api.create(service(name, "web", "web"))
    api.create(ingress(name, "web", {"shop.example.com": "web"}))
    for number in range(5):
        api.create(policy(name, f"open-{number}", "web", OPEN))
    return name


async def test_it_holds_what_reflectors_hold(
    controlplane: ControlPlane, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", "2")
    async with watched(controlplane.admin_kubeconfig) as it:
        await it.synced()
        await it.agrees(controlplane.api, *(kind for kind in KINDS if not kind.optional))
        items = [item for kind in KINDS for item in it.store.items(kind.name).values()]
    found = await snapshot(controlplane.admin_kubeconfig)
    facts = {item.fact for item in items if item.fact is not None and item.ref.namespace == shop}
    assert {fact for fact in found.facts if fact.namespace == shop} == facts
    assert found.facts.get(Pod, Ref("Pod", shop, "web")) is not None
    assert not found.problems


async def test_what_cannot_be_read_is_told_with_its_object(
    controlplane: ControlPlane, namespace: Callable[[str], str]
) -> None:
    own = namespace("odd")
    rule = {"from": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}
    broken = policy(own, "broken", "", {**SHUT_INGRESS, "ingress": [rule]})
    behind.put(controlplane.etcd, broken)
    [problem] = (await snapshot(controlplane.admin_kubeconfig)).problems
    assert problem.ref == Ref("NetworkPolicy", own, "broken")
    assert problem.text == "spec.ingress[0].from[0]: '10.0.0.0/99' is not a CIDR"
    behind.delete(controlplane.etcd, broken)


async def test_a_viewer_is_told_what_no_verdict_can_do_without(
    controlplane: ControlPlane, namespace: Callable[[str], str]
) -> None:
    api, user = controlplane.api, namespace("viewer")
    api.create(binding(user, "view"))
    message = await refusal(controlplane.kubeconfig_for(user, "default"))
    assert message.endswith("list nodes: bind the ClusterRole reachaudit to its user.")
    api.delete(*BINDING, user)


@pytest.mark.parametrize(
    "kind", ["Node", "Pod", "Service", "EndpointSlice", "Ingress", "NetworkPolicy"]
)
async def test_a_kind_whose_absence_would_read_as_a_verdict(without: Grant, kind: str) -> None:
    [resource] = [each.resource for each in KINDS if each.name == kind]
    assert f" list {resource}" in await refusal(without(kind))


async def test_kinds_that_only_name_workloads_or_ranges_are_missed_and_told(
    without: Grant, shop: str
) -> None:
    found = await snapshot(without("ReplicaSet", "Job", "ServiceCIDR"))
    told = [problem.text for problem in found.problems]
    assert [text.partition(" ")[0] for text in told] == [
        "servicecidrs.networking.k8s.io",
        "replicasets.apps",
        "jobs.batch",
    ]
    assert all("may not be listed by the kubeconfig" in text and "UNK-10" in text for text in told)
    assert found.facts.get(Pod, Ref("Pod", shop, "web")) is not None


async def test_labels_of_namespaces_that_are_not_known(
    controlplane: ControlPlane, without: Grant, shop: str
) -> None:
    rule = {**SHUT_INGRESS, "ingress": [{"from": [TEAM]}]}
    for number in range(5):
        controlplane.api.apply(policy(shop, f"open-{number}", "web", rule))
    assert Reason.MISSING_NAMESPACE not in unknown(await snapshot(controlplane.admin_kubeconfig))
    assert Reason.MISSING_NAMESPACE in unknown(await snapshot(without("Namespace")))


async def test_who_serves_an_ingress_of_a_class_that_is_not_known(
    controlplane: ControlPlane, without: Grant, shop: str
) -> None:
    api = controlplane.api
    api.create(ingress_class("nginx", "k8s.io/ingress-nginx"))
    found = await snapshot(without("IngressClass"))
    reach = Reachability(found.facts, Assumptions())
    ways = [way.verdict.reason for way in reach.exposures if way.by == Ref("Ingress", shop, "web")]
    assert set(ways) == {Reason.CONTROLLER}
    api.delete("networking.k8s.io/v1", "IngressClass", "nginx")


@pytest.mark.parametrize(
    ("kind", "ignored"),
    [("NetworkPolicy", {Reason.VENDOR_POLICY}), ("ClusterNetworkPolicy", set[Reason]())],
)
async def test_policies_of_a_vendor_that_may_not_be_read(
    controlplane: ControlPlane,
    without: Grant,
    shop: str,  # noqa: ARG001
    kind: str,
    ignored: set[Reason],
) -> None:
    """Those of a namespace count though the cluster-wide ones are ignored."""
    theirs = antrea(kind)
    with served(controlplane.api, theirs):
        found = await snapshot(without(theirs.name))
    told = [problem.text.partition(" ")[0] for problem in found.problems]
    assert told == [f"{theirs.resource}.{theirs.group}"]
    assert unknown(found) == {Reason.VENDOR_POLICY}
    assert unknown(found, Assumptions(vendor_global="ignored")) == ignored


@pytest.mark.parametrize("status", [410, 429, 503])
async def test_a_fault_that_passes_is_outlived(
    controlplane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(backoff, "LONGEST", 0.01)
    async with FaultyProxy(controlplane.admin_kubeconfig) as proxy:
        proxy.answer = refuses(RETRIES, status)
        found = await snapshot(proxy.kubeconfig(tmp_path))
    assert sum(request.path.endswith("/pods") for request in proxy.requests) == RETRIES + 1
    assert found.facts.get(Namespace, Ref("Namespace", "", "default")) is not None


async def test_a_fault_that_stays_is_told(
    controlplane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "LONGEST", 0.01)
    async with FaultyProxy(controlplane.admin_kubeconfig) as proxy:
        proxy.answer = refuses(RETRIES + 1, 503)
        message = await refusal(proxy.kubeconfig(tmp_path))
    assert message == f"The API server at {proxy.url} answers 503 Busy: so\\x1b[31mon."


async def test_an_answer_that_is_no_list_is_told(
    controlplane: ControlPlane, tmp_path: Path
) -> None:
    async def portal(request: web.Request) -> web.Response | None:
        return web.json_response({}) if request.path.endswith("/pods") else None

    async with FaultyProxy(controlplane.admin_kubeconfig) as proxy:
        proxy.answer = portal
        message = await refusal(proxy.kubeconfig(tmp_path))
    assert message.startswith(f"The API server at {proxy.url} gives an answer that cannot be read:")


async def snapshot(kubeconfig: Path) -> Snapshot:
    return await read(Credentials(str(kubeconfig)))


async def refusal(kubeconfig: Path) -> str:
    with pytest.raises(ClusterError) as caught:
        await snapshot(kubeconfig)
    message = str(caught.value)
    assert message.isprintable()
    return message


def unknown(found: Snapshot, assumptions: Assumptions | None = None) -> set[Reason]:
    """Why flows are UNKNOWN."""
    changes = [Change(fact.ref, None, fact, 0.0) for fact in found.facts]
    excluded = frozenset[str]()
    pipeline = Pipeline(assumptions or Assumptions(), excluded, lambda: 0.0, lambda: 0.0)
    return set(pipeline.run(changes).summary.unknown)


def refuses(times: int, status: int) -> Answer:
    """Says no so many times to a list of pods."""
    left = times

    async def answer(request: web.Request) -> web.Response | None:
        nonlocal left
        if not request.path.endswith("/pods") or not left:
            return None
        left -= 1
        return web.json_response({"reason": "Busy", "message": "so\x1b[31mon"}, status=status)

    return answer
