"""The files that are made of others are what they would become."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chart.helmchart import ROOT, render
from cluster.objects import text

MANIFESTS = Path("deploy/manifests/reachaudit.yaml")
DASHBOARD = Path("charts/reachaudit/dashboards/overview.json")


def check(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.render", *options],
        cwd=root,
        env={**os.environ, "PYTHONPATH": "tests"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The parts of the tree that are rendered and render."""
    for part in ("charts", "deploy", "tests/cluster"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def test_nothing_has_drifted() -> None:
    done = check(ROOT, "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("drifted", [MANIFESTS, DASHBOARD])
def test_drift_is_found_and_mended(copy: Path, drifted: Path) -> None:
    shipped = (copy / drifted).read_text()
    (copy / drifted).write_text(shipped.replace("reachaudit_findings", "findings"))
    done = check(copy, "--check")
    assert done.returncode == 1
    assert f"{drifted} is not what it is made of" in done.stderr
    assert check(copy).returncode == 0
    assert (copy / drifted).read_text() == shipped


def test_plain_manifests_are_the_chart_without_helm() -> None:
    first, *others = yaml.safe_load_all((ROOT / MANIFESTS).read_text())
    assert (first["kind"], text(first, "metadata", "name")) == ("Namespace", "reachaudit")
    assert "helm" not in (ROOT / MANIFESTS).read_text().lower().replace("without helm", "")
    by_helm = {(each["kind"], text(each, "metadata", "name")) for each in render()}
    assert {(each["kind"], text(each, "metadata", "name")) for each in others} == by_helm
