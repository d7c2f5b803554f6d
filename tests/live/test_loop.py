"""The main job, end to end: objects change, and the verdict is a metric and an Event."""

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest

from cluster.api import Api
from cluster.objects import KubeObject, text
from live.props import NETWORKING, SHUT, SHUT_INGRESS, ingress, policy, run_pod, service
from live.stage import Stage
from live.transitions import events, occurrences

pytestmark = pytest.mark.live

_VAIN = "RA005 NetworkPolicy"


def test_what_was_there_before_is_one_event(stage: Stage) -> None:
    scene = stage.scene("first")
    # Events have an order: when this one is there, so are all of the first round.
    scene.after(lambda: run_pod(stage.api, scene.namespace, "web"), opens=[scene.own("RA001")])
    scenes = {each.namespace for each in stage.scenes}
    others = [e for e in events(stage.api) if text(e, "metadata", "namespace") not in scenes]
    assert [text(event, "reason") for event in others] == ["Baseline"]
    own = stage.api.get("v1", "Namespace", "reachaudit").body
    assert text(others[0], "regarding", "uid") == text(own, "metadata", "uid")
    assert text(others[0], "metadata", "namespace") == "reachaudit"
    assert text(others[0], "note") == (
        "The audit begins. Open findings: 2 medium; in 2 namespaces."
    )
    assert text(others[0], "reportingInstance") == "reachaudit-0"


def test_a_service_is_created_changed_and_deleted(stage: Stage) -> None:
    scene = stage.furnished("service", "web")
    api, ns = scene.api, scene.namespace

    def put(app: str, **spec: object) -> None:
        api.apply(service(ns, "shop", app, **spec))

    dead, node_port, captures = (f"{check} Service/shop" for check in ("RA022", "RA025", "RA028"))
    outside = {"type": "NodePort", "externalIPs": ["203.0.113.77"]}
    scene.after(lambda: put("wob"), opens=[dead])
    scene.after(lambda: put("web"), closes=[dead])
    scene.after(lambda: put("web", type="NodePort"), opens=[node_port])
    scene.after(lambda: put("web", **outside), opens=[captures])
    scene.after(lambda: put("wob", **outside), opens=[dead])
    scene.after(lambda: api.delete("v1", "Service", "shop", ns), closes=[dead, node_port, captures])


def test_an_ingress_is_created_changed_and_deleted(stage: Stage) -> None:
    scene = stage.furnished("ingress", "web")
    api, ns = scene.api, scene.namespace
    scene.after(lambda: api.create(policy(ns, "shut", "db", SHUT)), opens=[f"{_VAIN}/shut"])
    scene.after(lambda: run_pod(api, ns, "db"), closes=[f"{_VAIN}/shut"])
    stage.served(scene, "web")
    stage.served(scene, "db")

    def put(**routes: str) -> None:
        hosts = {f"{host}.example.com": backend for host, backend in routes.items()}
        api.apply(ingress(ns, "shop", hosts))

    missing, blocked = "RA035 Ingress/shop", "RA036 Ingress/shop"
    scene.after(lambda: put(www="wob"), opens=[missing])
    scene.after(lambda: put(www="web"), closes=[missing])
    scene.after(lambda: put(www="web", db="db"), opens=[blocked])
    scene.after(lambda: put(www="wob", db="db"), opens=[missing])
    scene.after(lambda: api.delete(NETWORKING, "Ingress", "shop", ns), closes=[missing, blocked])


def test_a_network_policy_is_created_changed_and_deleted(stage: Stage) -> None:
    scene = stage.scene("policy")
    api, ns = scene.api, scene.namespace
    none, ingress_open, egress_open = map(scene.own, ("RA001", "RA002", "RA003"))
    vain, ignored = f"{_VAIN}/deny", "RA007 NetworkPolicy/deny"

    def put(app: str, spec: KubeObject) -> None:
        api.apply(policy(ns, "deny", app, spec))

    scene.after(lambda: run_pod(api, ns, "web"), opens=[none])
    scene.after(
        lambda: put("wob", SHUT_INGRESS), opens=[vain, ingress_open, egress_open], closes=[none]
    )
    scene.after(lambda: put("web", SHUT_INGRESS), closes=[vain, ingress_open])
    scene.after(lambda: put("web", {**SHUT_INGRESS, "egress": [{}]}), opens=[ignored])
    scene.after(lambda: put("web", SHUT), closes=[ignored, egress_open])
    scene.after(lambda: api.delete(NETWORKING, "NetworkPolicy", "deny", ns), opens=[none])


def test_what_opens_again_soon_continues_the_series(stage: Stage) -> None:
    scene = stage.furnished("series", "web")
    api, ns, dead = scene.api, scene.namespace, "RA022 Service/web"
    stage.served(scene, "web")
    scene.after(lambda: api.apply(service(ns, "web", "none")), opens=[dead])
    [opened] = by_action(api, ns, "Opened", "Service")
    [closed] = by_action(api, ns, "Closed", "Service")
    assert (occurrences(opened), occurrences(closed)) == (2, 1)
    assert text(opened, "series", "lastObservedTime") > text(opened, "eventTime")
    assert (text(opened, "type"), text(closed, "type")) == ("Warning", "Normal")
    scene.after(lambda: api.apply(service(ns, "web", "web")), closes=[dead])
    [closed] = by_action(api, ns, "Closed", "Service")
    assert occurrences(closed) == 2


def test_kubectl_finds_the_events_of_an_object(stage: Stage, tmp_path: Path) -> None:
    scene = stage.furnished("describe", "web")
    api, ns = scene.api, scene.namespace
    for reason, opens, manifest in (
        ("ServiceWithoutEndpoints", "RA022 Service/shop", service(ns, "shop", "none")),
        ("IngressBackendMissing", "RA035 Ingress/shop", ingress(ns, "shop", {"a.example": "no"})),
        ("PolicySelectsNoPod", f"{_VAIN}/shop", policy(ns, "shop", "none", SHUT)),
    ):
        scene.after(partial(api.create, manifest), opens=[opens])
        version, kind = text(manifest, "apiVersion"), text(manifest, "kind")
        found = api.get(version, kind, "shop", ns).body
        # What `kubectl describe` and `kubectl events` ask for.
        wanted = {name: text(found, "metadata", name) for name in ("name", "namespace", "uid")}
        wanted |= {"kind": kind, "apiVersion": version}
        selector = ",".join(f"involvedObject.{name}={value}" for name, value in wanted.items())
        selected = api.list("v1", "Event", ns, fieldSelector=selector).items
        assert [text(event, "reason") for event in selected] == [reason]
        if shutil.which("kubectl"):
            shown = kubectl(stage, tmp_path, "events", "-n", ns, "--for", f"{kind}/shop")
            assert reason in shown
            # A policy is described without Events, whoever wrote them.
            described = kubectl(stage, tmp_path, "describe", kind, "shop", "-n", ns)
            assert reason in described or kind == "NetworkPolicy"


def by_action(api: Api, namespace: str, action: str, kind: str) -> list[KubeObject]:
    return [
        event
        for event in events(api, namespace)
        if (text(event, "action"), text(event, "regarding", "kind")) == (action, kind)
    ]


def kubectl(stage: Stage, home: Path, *arguments: str) -> str:
    command = ["kubectl", f"--kubeconfig={stage.controlplane.admin_kubeconfig}", *arguments]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout
