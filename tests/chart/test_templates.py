"""What the chart makes of its values."""

from collections.abc import Sequence

import pytest

from chart.deployment import entrypoint, operator_command
from chart.helmchart import ALL_OPTIONS, container, name, one, pod, render
from cluster.objects import KubeObject, dig, objects, text

DEFAULT_KINDS = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "Deployment",
    "Role",
    "RoleBinding",
    "Service",
    "ServiceAccount",
]
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding"}


def everything() -> tuple[KubeObject, ...]:
    return render("--values", ALL_OPTIONS)


def kinds(manifests: Sequence[KubeObject]) -> list[str]:
    return sorted(text(each, "kind") for each in manifests)


def test_objects() -> None:
    assert kinds(render()) == DEFAULT_KINDS
    assert kinds(everything()) == [*DEFAULT_KINDS, "ServiceMonitor"]
    least = render(
        *("--set", "rbac.create=false,serviceAccount.create=false,dashboards.enabled=false")
    )
    assert kinds(least) == ["Deployment", "Service"]
    assert text(pod(least), "serviceAccountName") == "default"


def test_every_object_is_in_the_release_and_labelled() -> None:
    for each in (*render(), *everything()):
        expected = None if each["kind"] in CLUSTER_WIDE else "audit"
        assert dig(each, "metadata", "namespace") == expected
        labels = dig(each, "metadata", "labels")
        assert isinstance(labels, dict)
        assert labels["app.kubernetes.io/instance"] == "reachaudit"
        assert labels["app.kubernetes.io/part-of"] == "reachaudit"
        assert labels["app.kubernetes.io/version"] == "0.1.0"
        assert labels["helm.sh/chart"] == "reachaudit-0.1.0"


@pytest.mark.parametrize(
    ("release", "expected"), [("reachaudit", "reachaudit"), ("prod", "prod-reachaudit")]
)
def test_names_follow_the_release(release: str, expected: str) -> None:
    for each in render(release=release):
        suffix = "-dashboards" if each["kind"] == "ConfigMap" else ""
        assert name(each) == expected + suffix


def test_names_stay_short_enough_for_labels() -> None:
    for each in render("--set", f"fullnameOverride={'a' * 63}"):
        assert len(name(each)) == 63


def test_names_that_look_like_numbers_stay_text() -> None:
    for each in render("--set-string", "fullnameOverride=456", release="123", namespace="789"):
        assert name(each).startswith("456")
        assert text(each, "metadata", "labels", "app.kubernetes.io/instance") == "123"
        if each["kind"] not in CLUSTER_WIDE:
            assert text(each, "metadata", "namespace") == "789"


@pytest.mark.parametrize("manifests", [render(), everything()])
def test_references_meet(manifests: tuple[KubeObject, ...]) -> None:
    deployment, service = one(manifests, "Deployment"), one(manifests, "Service")
    labels = dig(deployment, "spec", "template", "metadata", "labels")
    assert isinstance(labels, dict)
    for selector in (dig(deployment, "spec", "selector", "matchLabels"), _selector(service)):
        assert isinstance(selector, dict)
        assert selector.items() <= labels.items()
    account = {"kind": "ServiceAccount", "namespace": "audit"}
    account["name"] = name(one(manifests, "ServiceAccount"))
    assert text(pod(manifests), "serviceAccountName") == account["name"]
    for kind in ("Role", "ClusterRole"):
        binding = one(manifests, f"{kind}Binding")
        assert text(binding, "roleRef", "kind") == kind
        assert text(binding, "roleRef", "name") == name(one(manifests, kind))
        assert dig(binding, "subjects") == [account]
    ports = [text(each, "name") for each in objects(container(manifests), "ports")]
    assert [text(service, "spec", "ports", 0, "targetPort")] == ports
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert [text(container(manifests), probe, "httpGet", "port")] == ports


def test_service_monitor_finds_the_service_and_keeps_labels() -> None:
    monitor, service = one(everything(), "ServiceMonitor"), one(everything(), "Service")
    labels = dig(service, "metadata", "labels")
    wanted = dig(monitor, "spec", "selector", "matchLabels")
    assert isinstance(labels, dict)
    assert isinstance(wanted, dict)
    assert wanted.items() <= labels.items()
    assert text(monitor, "metadata", "labels", "release") == "prometheus"
    assert dig(monitor, "spec", "endpoints") == [
        {
            "port": dig(service, "spec", "ports", 0, "name"),
            "path": "/metrics",
            "interval": "1m",
            "scrapeTimeout": "5s",
            "honorLabels": True,
        }
    ]


def test_command_by_default() -> None:
    command = operator_command(one(render(), "Deployment"), "reachaudit-x")
    assert command.argv == (
        "reachaudit",
        "run",
        "--listen=0.0.0.0:8080",
        "--log-format=json",
        "--lease=reachaudit",
    )
    assert command.env == {"POD_NAME": "reachaudit-x", "POD_NAMESPACE": "audit"}
    assert (command.namespace, command.service_account) == ("audit", "reachaudit")


def test_command_with_all_options() -> None:
    command = operator_command(one(everything(), "Deployment"))
    assert command.service_account == "auditor"
    assert command.argv == (
        *entrypoint(),
        "run",
        "--listen=0.0.0.0:8080",
        "--log-format=json",
        "--lease=who-reaches-what",
        "--exclude-namespace=sandbox",
        "--exclude-namespace=123",
        "--assume=host-network=applied",
        "--assume=ip-blocks-match-nodes=false",
        "--assume=ip-blocks-match-pods=false",
        "--assume=pod-range-routed=true",
        "--assume=vendor-global=ignored",
    )


def test_pod_takes_what_is_set() -> None:
    deployment, spec = one(everything(), "Deployment"), pod(everything())
    template = dig(deployment, "spec", "template", "metadata")
    assert text(template, "annotations", "example.com/seen") == "yes"
    assert text(template, "labels", "team") == "security"
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert spec["priorityClassName"] == "system-cluster-critical"
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "system"}
    assert text(spec, "tolerations", 0, "key") == "dedicated"
    assert dig(spec, "affinity", "nodeAffinity")
    assert container(everything())["image"] == "registry.example/audit/reachaudit:1.2"
    assert container(everything())["imagePullPolicy"] == "Always"
    assert text(container(everything()), "resources", "limits", "cpu") == "2"
    service = one(everything(), "Service")
    assert text(service, "metadata", "annotations", "prometheus.io/scrape") == "true"
    assert dig(service, "spec", "ports", 0, "nodePort") == 30999


def test_pod_has_no_more_power_than_it_needs() -> None:
    spec, settings = pod(render()), dig(container(render()), "securityContext")
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert settings == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & set(spec)
    assert dig(one(render(), "ServiceAccount"), "automountServiceAccountToken") is False
    assert spec["automountServiceAccountToken"] is True
    assert dig(container(render()), "resources", "limits", "memory")


def test_the_next_one_stands_by_before_the_last_one_goes() -> None:
    spec = dig(one(render(), "Deployment"), "spec")
    assert dig(spec, "replicas") == 1
    assert dig(spec, "strategy") == {"type": "RollingUpdate"}
    assert dig(one(render("--set", "replicas=3"), "Deployment"), "spec", "replicas") == 3


def _selector(service: KubeObject) -> object:
    return dig(service, "spec", "selector")
