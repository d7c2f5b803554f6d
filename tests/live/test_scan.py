"""`reachaudit scan --live`, as its user runs it against a real API server."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.program import BIN, SECONDS, Done, reachaudit
from cli.schemas import assert_sarif, assert_valid
from cluster.controlplane import ControlPlane
from cluster.kubelets import Kubelets
from live.props import SHUT, policy, run_pod, service
from reachaudit.cli.command import CLUSTER, DIFFERENT, FINE

pytestmark = pytest.mark.live


@pytest.fixture
def shop(
    controlplane: ControlPlane,
    kubelets: Kubelets,  # noqa: ARG001
    namespace: Callable[[str], str],
) -> str:
    """A namespace with a Service that leads nowhere, and nothing else amiss."""
    api, name = controlplane.api, namespace("shop")
    api.create(policy(name, "shut", "", SHUT))
    run_pod(api, name, "web")
    api.create(service(name, "web", "wbe"))
    return name


def scan(kubeconfig: Path, *arguments: str) -> Done:
    return reachaudit("scan", "--live", "--kubeconfig", str(kubeconfig), *arguments)


def test_it_tells_what_is_wrong_in_the_cluster(controlplane: ControlPlane, shop: str) -> None:
    told = scan(controlplane.admin_kubeconfig, "-o", "json")
    assert (told.code, told.err) == (FINE, "")
    assert_valid(told.out, "scan.v1")
    found = json.loads(told.out)["findings"]
    [own] = [each for each in found if shop in each["cause"].values()]
    assert (own["check"], own["cause"]["kind"], own["place"]) == ("RA022", "Service", None)


def test_what_no_file_has_is_told_by_its_name(controlplane: ControlPlane, shop: str) -> None:
    assert f"\n  Service {shop}/web: spec.selector\n" in scan(controlplane.admin_kubeconfig).out
    sarif = scan(controlplane.admin_kubeconfig, "-o", "sarif").out
    assert_sarif(sarif)
    assert f"Service {shop}/web: spec.selector" in sarif
    assert "physicalLocation" not in sarif


def test_it_may_be_a_gate(controlplane: ControlPlane, shop: str) -> None:  # noqa: ARG001
    assert scan(controlplane.admin_kubeconfig, "--fail-on", "medium").code == DIFFERENT
    assert scan(controlplane.admin_kubeconfig, "--fail-on", "critical").code == FINE


def test_an_unknown_context_is_one_sentence(controlplane: ControlPlane) -> None:
    told = scan(controlplane.admin_kubeconfig, "--context", "none", "-o", "json")
    assert (told.code, told.out) == (CLUSTER, "")
    assert told.err == (
        f"reachaudit: The kubeconfig {controlplane.admin_kubeconfig} has no context none.\n"
    )


def test_a_user_without_rights_is_one_sentence(controlplane: ControlPlane) -> None:
    told = scan(controlplane.kubeconfig_for("default", "default"))
    assert (told.code, told.out) == (CLUSTER, "")
    [line] = told.err.splitlines()
    assert "does not let the kubeconfig" in line
    assert "pods, services" in line


def test_nothing_is_written_on_the_cluster(controlplane: ControlPlane, shop: str) -> None:
    before = controlplane.api.get("v1", "Service", "web", shop).body
    scan(controlplane.admin_kubeconfig)
    assert controlplane.api.get("v1", "Service", "web", shop).body == before


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
def test_kubectl_runs_it(controlplane: ControlPlane, shop: str) -> None:
    done = subprocess.run(
        ["kubectl", "reachaudit", "scan", "--live"],
        env={"PATH": f"{BIN}:/usr/bin:/bin", "KUBECONFIG": str(controlplane.admin_kubeconfig)},
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (FINE, "")
    assert f"Service {shop}/web" in done.stdout
