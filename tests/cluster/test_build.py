"""Go programs are built once, whole or not at all, and what is missing is said in one sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.waiting import wait_for

BUILD_HELLO = """
import sys
from pathlib import Path
from cluster.gobuild import cached_program
print(cached_program("hello-1", [], Path(sys.argv[1])))
"""


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A Go module that takes a second or two to build."""
    module = tmp_path / "hello"
    module.mkdir()
    (module / "go.mod").write_text("module hello\n\ngo 1.26\n")
    (module / "main.go").write_text('package main\n\nfunc main() { println("hello") }\n')
    return module


def build(module: Path, **environment: str) -> subprocess.Popen[str]:
    return python("-c", BUILD_HELLO, str(module), **environment)


def python(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    path = os.pathsep.join(sys.path)
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_builders_build_once(hello: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    builders = [build(hello, REACHAUDIT_CACHE=str(cache)) for _ in range(2)]
    outputs = [builder.communicate() for builder in builders]
    assert {stdout.strip() for stdout, _ in outputs} == {str(cache / "hello-1")}
    assert "".join(stderr for _, stderr in outputs).count("done") == 1
    ran = subprocess.run([cache / "hello-1"], capture_output=True, text=True, check=True)
    assert ran.stderr == "hello\n"
    assert {path.name for path in cache.iterdir()} == {"hello-1", "hello-1.lock"}


def test_a_killed_build_leaves_nothing_in_the_way(hello: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    killed = build(hello, REACHAUDIT_CACHE=str(cache), GOCACHE=str(tmp_path / "cold"))
    with killed:
        wait_for(lambda: (cache / "hello-1.part").exists(), "the build has begun")
        killed.send_signal(signal.SIGKILL)
    assert not (cache / "hello-1").exists()
    stdout, _ = build(hello, REACHAUDIT_CACHE=str(cache)).communicate()
    assert stdout.strip() == str(cache / "hello-1")


def test_a_build_that_fails_shows_why(hello: Path, tmp_path: Path) -> None:
    (hello / "main.go").write_text("package main\n\nfunc main() { missing() }\n")
    _, stderr = build(hello, REACHAUDIT_CACHE=str(tmp_path / "cache")).communicate()
    assert "undefined: missing" in stderr


def make(*names: str, **environment: str) -> tuple[int, str]:
    process = python("-m", "cluster.build", *names, **environment)
    _, stderr = process.communicate()
    return process.returncode, stderr


def test_go_is_missing(tmp_path: Path) -> None:
    code, stderr = make(PATH=str(tmp_path), REACHAUDIT_CACHE=str(tmp_path / "cache"))
    assert code == 2
    assert stderr.startswith("error: go is not installed: Go 1.26 or later is needed")
    assert len(stderr.splitlines()) == 1


def test_go_is_too_old(tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go version go1.25.9 linux/amd64\n")
    go.chmod(0o755)
    code, stderr = make(PATH=f"{tmp_path}:/usr/bin:/bin", REACHAUDIT_CACHE=str(tmp_path / "cache"))
    assert (code, stderr) == (2, "error: go1.25.9 is too old: Go 1.26 or later is needed.\n")


def test_assets_without_a_controller_manager(tmp_path: Path) -> None:
    code, stderr = make(KUBEBUILDER_ASSETS=str(tmp_path))
    assert code == 2
    assert "has no kube-controller-manager, needed by endpoint slices" in stderr
    assert len(stderr.splitlines()) == 1


def test_an_unknown_name() -> None:
    assert make("kubectl") == (
        2,
        "error: 'kubectl' is not built here: name controlplane or helm.\n",
    )
