"""`make kind` says what is missing, and its ports meet those of the cluster's configuration."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from chart.helmchart import ROOT, one, render
from cluster.objects import dig, objects

CONFIG = yaml.safe_load((ROOT / "kind-config.yaml").read_text())


def make_kind(path: Path) -> subprocess.CompletedProcess[str]:
    """The script, on a machine whose commands are those of one folder."""
    return subprocess.run(
        [sys.executable, "-m", "deploy.kind"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "tests", "PATH": str(path)},
        capture_output=True,
        text=True,
    )


def test_without_docker_it_says_so(tmp_path: Path) -> None:
    done = make_kind(tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "error: kind needs Docker, and no docker command is installed on this machine.\n"
    )


def test_without_its_daemon_it_says_so(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho Cannot connect to the Docker daemon >&2\nexit 1\n")
    docker.chmod(0o755)
    done = make_kind(tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "error: kind needs Docker, and no Docker daemon answers: start it and try again.\n"
    )


def test_cluster_has_two_workers_and_a_control_plane_for_an_ingress() -> None:
    roles = [node["role"] for node in CONFIG["nodes"]]
    assert roles == ["control-plane", "worker", "worker"]
    assert dig(CONFIG, "nodes", 0, "labels") == {"ingress-ready": "true"}
    assert {80, 443} <= set(_host_ports())


def test_metrics_come_through_the_port_that_the_chart_is_told() -> None:
    asked = subprocess.run(
        [
            sys.executable,
            "-c",
            "from deploy.kind import *; print(METRICS_PORT, METRICS_NODE_PORT, CLUSTER)",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "tests"},
        check=True,
        capture_output=True,
        text=True,
    )
    port, node_port, cluster = asked.stdout.split()
    assert _host_ports()[int(node_port)] == int(port)
    assert CONFIG["name"] == cluster
    options = ("--set", f"service.type=NodePort,service.nodePort={node_port}")
    service = one(render(*options), "Service")
    assert dig(service, "spec", "ports", 0, "nodePort") == int(node_port)


def _host_ports() -> dict[int, int]:
    """Ports of this machine by the node's ports that they lead to."""
    mappings = objects(CONFIG, "nodes", 0, "extraPortMappings")
    assert all(each["listenAddress"] == "127.0.0.1" for each in mappings)
    found = [(each["containerPort"], each["hostPort"]) for each in mappings]
    return {int(str(inner)): int(str(outer)) for inner, outer in found}
