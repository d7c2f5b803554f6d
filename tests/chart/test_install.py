"""The chart in a real cluster: installed, with exactly its rights, and gone again."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from chart.deployment import operator_command
from chart.helmchart import ALL_OPTIONS, CHART, ROOT, name, one, render, run_helm
from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.namespaces import create_namespace
from cluster.objects import KubeObject, dig, objects, text
from cluster.rest import ApiError
from cluster.waiting import wait_for
from live.identity import may
from live.operatorprocess import Operator
from reachaudit.model.kinds import KINDS

pytestmark = pytest.mark.live

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="module")
def controlplane() -> Iterator[ControlPlane]:
    with ControlPlane() as running:
        yield running


@pytest.fixture(scope="module")
def namespace(controlplane: ControlPlane) -> str:
    """Where the release is, under the strictest of the pod security standards."""
    return create_namespace(controlplane.api, "audit", RESTRICTED)


@pytest.fixture(scope="module")
def notes(controlplane: ControlPlane, namespace: str) -> str:
    """What `helm install` says at its end."""
    return helm(controlplane, "install", "reachaudit", CHART, "--namespace", namespace)


@pytest.fixture(scope="module")
def operator(controlplane: ControlPlane, namespace: str, notes: str) -> Api:
    """The API server as the operator's own identity."""
    assert notes
    command = operator_command(one(render(namespace=namespace), "Deployment"))
    return Api(controlplane.kubeconfig_for(command.namespace, command.service_account))


def helm(controlplane: ControlPlane, *arguments: str | Path) -> str:
    done = run_helm(*arguments, "--kubeconfig", controlplane.admin_kubeconfig)
    assert done.returncode == 0, done.stderr
    return done.stdout


def exists(api: Api, manifest: KubeObject) -> bool:
    namespace = text(manifest, "metadata", "namespace") or "default"
    kind = (text(manifest, "apiVersion"), text(manifest, "kind"))
    try:
        return bool(api.get(*kind, name(manifest), namespace))
    except ApiError as error:
        if error.code != 404:
            raise
        return False


def pods(api: Api, namespace: str) -> list[KubeObject]:
    return list(api.list("v1", "Pod", namespace).items)


def test_all_objects_are_there(controlplane: ControlPlane, namespace: str, notes: str) -> None:
    assert notes
    for manifest in render(namespace=namespace):
        assert exists(controlplane.api, manifest), manifest["kind"]


def test_pod_is_admitted_where_security_is_strictest(
    controlplane: ControlPlane, namespace: str, notes: str
) -> None:
    assert notes
    [pod] = wait_for(lambda: pods(controlplane.api, namespace), "the pod of the Deployment")
    mounted = [dig(each, "projected", "sources", 0) for each in objects(pod, "spec", "volumes")]
    assert len(mounted) == 1
    assert "serviceAccountToken" in str(mounted)


def test_notes_give_commands_that_work(
    controlplane: ControlPlane, namespace: str, notes: str
) -> None:
    [selector] = re.findall(r"--field-selector (\S+)", notes)
    answer = controlplane.api.list("events.k8s.io/v1", "Event", fieldSelector=selector)
    assert answer.items == []
    [(where, service)] = re.findall(r"--namespace (\S+) port-forward service/(\S+)", notes)
    assert where == namespace
    assert controlplane.api.get("v1", "Service", service, namespace)


def test_identity_reads_every_kind(operator: Api) -> None:
    for kind in KINDS:
        for verb in ("list", "watch"):
            assert may(operator, verb, kind.resource, group=kind.group), f"{verb} {kind.name}"


def test_identity_writes_events_everywhere_and_state_at_home(operator: Api, namespace: str) -> None:
    for verb in ("create", "patch"):
        assert may(operator, verb, "events", "default", group="events.k8s.io")
    for verb in ("get", "create", "update"):
        assert may(operator, verb, "configmaps", namespace, group="")
        assert may(operator, verb, "leases", namespace, group="coordination.k8s.io")


def test_identity_may_do_nothing_else(operator: Api, namespace: str) -> None:
    for kind in KINDS:
        for verb in ("create", "patch", "update", "delete", "deletecollection"):
            assert not may(operator, verb, kind.resource, group=kind.group), f"{verb} {kind.name}"
    for verb in ("get", "list", "watch", "create"):
        assert not may(operator, verb, "secrets", namespace, group="")
        assert not may(operator, verb, "configmaps", "default", group="")
    for verb in ("get", "list", "watch", "update", "delete"):
        assert not may(operator, verb, "events", "default", group="events.k8s.io")
    assert not may(operator, "create", "pods/exec", namespace, group="")
    assert not may(operator, "list", "customresourcedefinitions", group="apiextensions.k8s.io")


def test_what_is_installed_runs(controlplane: ControlPlane, namespace: str, notes: str) -> None:
    """As its ServiceAccount, with the arguments and environment of the installed Deployment."""
    assert notes
    rendered = one(render(namespace=namespace), "Deployment")
    installed = controlplane.api.get("apps/v1", "Deployment", name(rendered), namespace).body
    command = operator_command(installed)
    kubeconfig = controlplane.kubeconfig_for(command.namespace, command.service_account)
    with Operator(command, kubeconfig) as operator:
        assert operator.metrics().value("reachaudit_kind_synced", kind="NetworkPolicy") == 1
        told = wait_for(lambda: baselines(controlplane.api, namespace), "the audit begins")
        assert [text(each, "reportingInstance") for each in told] == [command.env["POD_NAME"]]


def baselines(api: Api, namespace: str) -> list[KubeObject]:
    told = api.list("events.k8s.io/v1", "Event", namespace).items
    return [each for each in told if text(each, "reason") == "Baseline"]


def test_second_release_with_all_options_stands_beside_it_and_goes_without_a_trace(
    controlplane: ControlPlane, notes: str
) -> None:
    assert notes
    namespace = create_namespace(controlplane.api, "other", RESTRICTED)
    # ServiceMonitor is a kind of Prometheus Operator's, which is not here.
    options = ("--values", ALL_OPTIONS, "--set", "serviceMonitor.enabled=false")
    helm(controlplane, "install", "second", CHART, "--namespace", namespace, *options)
    manifests = render(*options, release="second", namespace=namespace)
    assert all(exists(controlplane.api, each) for each in manifests)
    helm(controlplane, "uninstall", "second", "--namespace", namespace, "--wait")
    assert not any(exists(controlplane.api, each) for each in manifests)


def test_plain_manifests_are_taken_as_they_are(controlplane: ControlPlane, notes: str) -> None:
    """Server-side apply refuses a field that the API does not know."""
    assert notes
    file = ROOT / "deploy" / "manifests" / "reachaudit.yaml"
    manifests = list(yaml.safe_load_all(file.read_text()))
    for each in manifests:
        # The ClusterRole is the release's, whose name is the same.
        controlplane.api.apply(each)
    assert wait_for(lambda: pods(controlplane.api, "reachaudit"), "the pod of the Deployment")
