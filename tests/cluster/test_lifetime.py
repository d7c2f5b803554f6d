"""The control plane starts whole or not at all, and never outlives its caller."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.build import controlplane as build_controlplane
from cluster.controlplane import ControlPlane, StartError
from cluster.waiting import wait_for

pytestmark = pytest.mark.live

CALLER = """
import signal, threading
from cluster.controlplane import ControlPlane

controlplane = ControlPlane()
thread = threading.Thread(target=controlplane.start)  # programs must outlive the thread
thread.start()
thread.join()
controlplane.api.list("v1", "Namespace")
print(controlplane.folder, *controlplane.pids.values(), flush=True)
signal.pause()
"""


@pytest.mark.parametrize("victim", ["caller", "supervisor"])
def test_nothing_outlives_a_killed_caller(victim: str) -> None:
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with caller:
        try:
            assert caller.stdout is not None
            folder, *pids = caller.stdout.readline().split()
            assert Path(folder).is_dir()
            assert len(pids) == 4
            assert all(alive(int(pid)) for pid in pids)
            os.kill(caller.pid if victim == "caller" else int(pids[0]), signal.SIGKILL)
            wait_for(lambda: not any(alive(int(pid)) for pid in pids), "all programs have ended")
        finally:
            caller.kill()
    if victim == "supervisor":  # whose work it would have been
        shutil.rmtree(folder)
    wait_for(lambda: not Path(folder).exists(), "the folder is gone")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_failed_start_shows_the_right_log_and_leaves_nothing() -> None:
    controlplane = ControlPlane()
    with socket.socket() as taken:
        taken.bind((controlplane.host, controlplane.port))
        taken.listen()
        with pytest.raises(StartError, match="kube-apiserver ended with exit code 1") as failed:
            controlplane.start()
    assert "address already in use" in str(failed.value)
    assert not any(alive(pid) for pid in controlplane.pids.values())
    assert not controlplane.folder.exists()


def test_programs_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("etcd", "kube-apiserver", "kube-controller-manager"):
        own = tmp_path / program
        own.write_text(f'#!/bin/sh\nexec {build_controlplane()} {program} --v=1 "$@"\n')
        own.chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with ControlPlane() as controlplane:
        command = Path(f"/proc/{controlplane.pids['etcd']}/cmdline").read_text()
        assert controlplane.api.get("v1", "Namespace", "default").at > 0
    assert command.startswith(str(build_controlplane()))
