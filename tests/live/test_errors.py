"""What cannot work ends at once, in one sentence; what is odd in a cluster ends nothing."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.controlplane import ControlPlane
from cluster.kubeconfig import kubeconfig
from live import behind
from live.props import SHUT_INGRESS, policy, run_pod
from live.stage import Stage

pytestmark = pytest.mark.live

SECONDS = 20  # on a busy machine, imports alone may take some
INPUT, CLUSTER = 2, 3


@dataclass(frozen=True)
class Bare:
    """A machine without a kubeconfig in its place, which is not a pod."""

    home: Path

    def file(self, content: str) -> Path:
        """A file of the user's."""
        path = self.home / "given.kubeconfig"
        path.write_text(content)
        return path

    def fails(self, *arguments: str | Path) -> tuple[int, str]:
        """The exit code of the operator, and the only line that it writes."""
        done = subprocess.run(
            [sys.executable, "-m", "reachaudit", "run", *map(str, arguments)],
            env={"HOME": str(self.home), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.stdout == ""
        [line] = done.stderr.splitlines()
        assert line.startswith("reachaudit: ")
        assert line.isprintable()
        return done.returncode, line.removeprefix("reachaudit: ")


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path)


@pytest.fixture
def taken() -> Iterator[str]:
    """An address on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        yield f"{host}:{port}"


def test_no_cluster_is_known(bare: Bare) -> None:
    code, said = bare.fails()
    assert code == CLUSTER
    assert said == (
        "No cluster is configured: this is not a pod with a service account, and there is no "
        "kubeconfig at ~/.kube/config."
    )


def test_a_kubeconfig_that_is_not_there(bare: Bare) -> None:
    missing = bare.home / "missing"
    said = f"The kubeconfig {missing} does not exist."
    assert bare.fails("--kubeconfig", missing) == (CLUSTER, said)


@pytest.mark.parametrize("content", ["{a: [", "- a\n- b\n", "", "clusters: []\n", "\x00"])
def test_a_kubeconfig_that_is_none(bare: Bare, content: str) -> None:
    path = bare.file(content)
    code, said = bare.fails("--kubeconfig", path)
    assert code == CLUSTER
    assert re.fullmatch(rf"The kubeconfig {re.escape(str(path))} \S.+\.", said)


def test_a_context_that_is_unknown(bare: Bare, controlplane: ControlPlane) -> None:
    path = controlplane.admin_kubeconfig
    said = f"The kubeconfig {path} has no context other."
    assert bare.fails("--kubeconfig", path, "--context", "other") == (CLUSTER, said)


def test_an_api_server_that_does_not_answer(bare: Bare, controlplane: ControlPlane) -> None:
    silent = bare.file(kubeconfig("https://127.0.0.1:1", controlplane.ca, "admin", "token"))
    said = "There is no connection to the API server at https://127.0.0.1:1: connection refused."
    assert bare.fails("--kubeconfig", silent) == (CLUSTER, said)


def test_a_token_that_is_not_accepted(bare: Bare, controlplane: ControlPlane) -> None:
    url = controlplane.url
    path = bare.file(kubeconfig(url, controlplane.ca, "admin", "wrong"))
    said = f"The API server at {url} does not accept the credentials of the kubeconfig {path}."
    assert bare.fails("--kubeconfig", path) == (CLUSTER, said)


def test_a_service_account_without_rights(bare: Bare, controlplane: ControlPlane) -> None:
    nobody = {"namespace": "default", "name": "nobody"}
    controlplane.api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": nobody})
    path = controlplane.kubeconfig_for("default", "nobody")
    code, said = bare.fails("--kubeconfig", path)
    assert code == CLUSTER
    assert said.startswith(f"The API server does not let the kubeconfig {path} list nodes, ")
    assert said.endswith(": bind the ClusterRole reachaudit to its user.")


@pytest.mark.parametrize("free", [(), ("--listen", "127.0.0.1:0")])
def test_a_port_that_is_taken(
    bare: Bare, controlplane: ControlPlane, taken: str, free: tuple[str, ...]
) -> None:
    flag = "--api-listen" if free else "--listen"
    said = f"Cannot listen on {taken}: address already in use."
    path = controlplane.admin_kubeconfig
    assert bare.fails("--kubeconfig", path, flag, taken, *free) == (INPUT, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--assume", "host-network=no"), "host-network must be one of ignored, applied, not 'no'"),
        (("--listen", "8080"), "--listen wants HOST:PORT, not '8080'"),
        (
            ("--api-listen", "0.0.0.0:8081"),
            "--api-listen takes a loopback address only, not '0.0.0.0'",
        ),
        (("--namespace", "No_Such"), "--namespace wants the name of a namespace, not 'No_Such'"),
    ],
)
def test_arguments_that_cannot_be(bare: Bare, arguments: tuple[str, str], said: str) -> None:
    assert bare.fails(*arguments) == (INPUT, said)


def test_an_object_that_cannot_be_read_whole(stage: Stage) -> None:
    """The API server's validation has grown over the years; what is stored has not."""
    scene = stage.scene("unreadable")
    api, ns, etcd = stage.api, scene.namespace, stage.controlplane.etcd
    rule = {"from": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}
    broken = policy(ns, "broken", "web", {**SHUT_INGRESS, "ingress": [rule]})
    scene.after(lambda: run_pod(api, ns, "web"), opens=[scene.own("RA001")])
    before = problems(stage)
    scene.after(
        lambda: behind.put(etcd, broken), opens=[scene.own("RA003")], closes=[scene.own("RA001")]
    )
    assert problems(stage) == before + 1
    # The rest goes on, and says so no second time.
    vain = policy(ns, "vain", "none", SHUT_INGRESS)
    scene.after(lambda: api.create(vain), opens=["RA005 NetworkPolicy/vain"])
    complaints = [each for each in stage.operator.messages if f"{ns}/broken" in each]
    assert complaints == [
        f"NetworkPolicy {ns}/broken: spec.ingress[0].from[0]: '10.0.0.0/99' is not a CIDR"
    ]
    scene.after(lambda: behind.delete(etcd, broken), opens=[scene.own("RA002")])
    assert problems(stage) == before


def problems(stage: Stage) -> float:
    return stage.operator.metrics().value("reachaudit_problems", kind="NetworkPolicy")
