"""The metrics tell what happens, in a text that any Prometheus can read."""

import shutil
import subprocess

import pytest

from cluster.objects import KubeObject, dig, objects, text
from live import behind
from live.operatorprocess import whole
from live.props import NETWORKING, SHUT, ingress, policy, run_pod
from live.scene import Scene
from live.stage import Stage
from live.transitions import events
from reachaudit.checks.catalogue import ABOUT

pytestmark = pytest.mark.live

ODD = 'x"} 1\nreachaudit_findings{check="\x1b[31m\u202e'


def test_a_deleted_default_deny_gives_back_the_flows_that_it_shut(stage: Stage) -> None:
    client, web = running(stage, "left", "client"), running(stage, "right", "web")
    ns, none = web.namespace, web.own("RA001")
    number, before = stage.operator.round_number(), stage.operator.metrics()
    deny = policy(ns, "default-deny", "", SHUT)
    web.after(lambda: stage.api.create(deny), closes=[none])
    web.after(
        lambda: stage.api.delete(NETWORKING, "NetworkPolicy", "default-deny", ns), opens=[none]
    )
    shut, opened = rounds_of(stage, number, ns, "default-deny")
    it, peer = f"{ns}/web[Pod]", f"{client.namespace}/client[Pod]"
    outside = ("internet", "private", "metadata (169.254.169.254/32)")
    ends = [(peer, it), (it, peer), *((it, zone) for zone in outside)]
    expected = {f"{source} → {target} all ports IPv4" for source, target in ends}
    assert pairs(opened, "gained") == pairs(shut, "lost")
    assert not pairs(opened, "lost") | pairs(shut, "gained")
    assert expected <= pairs(opened, "gained")
    # The other pods of the cluster, to and fro.
    for pair in pairs(opened, "gained") - expected:
        source, target = pair.removesuffix(" all ports IPv4").split(" → ")
        assert it in (source, target)
        assert {source, target}.isdisjoint({peer, *outside})
    metrics, name = stage.operator.metrics(), "reachaudit_flows_changed_total"
    for change, found in (("gained", opened), ("lost", shut)):
        grown = metrics.value(name, change=change) - before.value(name, change=change)
        # TCP, UDP and SCTP are a flow each.
        assert grown == whole(found, change, "count") == 3 * len(pairs(found, change))


def test_the_time_from_change_to_verdict_is_observed(stage: Stage) -> None:
    scene = stage.furnished("delay", "web")
    number, before = stage.operator.round_number(), stage.operator.metrics()
    manifest = policy(scene.namespace, "vain", "none", SHUT)
    scene.after(lambda: stage.api.create(manifest), opens=["RA005 NetworkPolicy/vain"])
    [found] = rounds_of(stage, number, scene.namespace, "vain")
    name, after = "reachaudit_change_to_verdict_seconds", stage.operator.metrics()
    observed = after.value(f"{name}_count") - before.value(f"{name}_count")
    seconds = after.value(f"{name}_sum") - before.value(f"{name}_sum")
    assert observed >= whole(found, "changes") >= 1
    assert 0 < seconds / observed < 5
    stages = after.by("reachaudit_stage_seconds_count", "stage")
    assert stages.keys() == {("reach",), ("checks",), ("ledger",), ("summary",)}


def test_every_check_is_counted_even_where_it_finds_nothing(stage: Stage) -> None:
    [family] = [f for f in stage.operator.metrics().families if f.name == "reachaudit_findings"]
    assert {sample.labels["check"] for sample in family.samples} == ABOUT.keys()
    assert {sample.labels["state"] for sample in family.samples} == {"open"}


def test_prometheus_own_linter_finds_nothing(stage: Stage) -> None:
    exposition = stage.operator.metrics()
    assert {f.name for f in exposition.families} >= METRICS
    if shutil.which("promtool"):
        linted = subprocess.run(
            ["promtool", "check", "metrics"], input=exposition.text, capture_output=True, text=True
        )
        assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


def test_odd_text_of_others_breaks_nothing(stage: Stage) -> None:
    """The API server would turn it away; here it is in the store already."""
    scene = stage.scene("odd")
    ns, etcd = scene.namespace, stage.controlplane.etcd
    manifest = ingress(ns, "odd", {"shop.example.com": ODD})
    scene.after(lambda: behind.put(etcd, manifest), opens=["RA035 Ingress/odd"])
    [event] = events(stage.api, ns)
    [finding] = [f for f in stage.operator.findings() if text(f, "cause", "namespace") == ns]
    for said in (text(event, "note"), text(finding, "message")):
        assert said.isprintable()
        assert r"\x1b[31m" in said
    assert all(message.isprintable() for message in stage.operator.messages)
    scene.after(lambda: behind.delete(etcd, manifest), closes=["RA035 Ingress/odd"])


METRICS = {
    "reachaudit_build_info",
    "reachaudit_change_to_verdict_seconds",
    "reachaudit_events",
    "reachaudit_exposed_workloads",
    "reachaudit_findings",
    "reachaudit_flows_changed",
    "reachaudit_kind_staleness_seconds",
    "reachaudit_kind_synced",
    "reachaudit_kind_unread",
    "reachaudit_last_round_timestamp_seconds",
    "reachaudit_leader",
    "reachaudit_namespace_findings",
    "reachaudit_pods",
    "reachaudit_problems",
    "reachaudit_stage_seconds",
    "reachaudit_unknown_flows",
}


def running(stage: Stage, prefix: str, app: str) -> Scene:
    """A namespace with one pod and no policy."""
    scene = stage.scene(prefix)
    scene.after(lambda: run_pod(stage.api, scene.namespace, app), opens=[scene.own("RA001")])
    return scene


def pairs(round_: KubeObject, change: str) -> set[str]:
    """The flows that a round gained or lost, as they are listed."""
    found = dig(round_, change, "pairs")
    assert isinstance(found, list)
    return set(map(str, found))


def rounds_of(stage: Stage, after: int, namespace: str, name: str) -> list[KubeObject]:
    """The later rounds in which an object changed."""
    return [
        found
        for found in stage.operator.rounds(after=after)
        if any(
            (text(change, "namespace"), text(change, "name")) == (namespace, name)
            for change in objects(found, "changed")
        )
    ]
