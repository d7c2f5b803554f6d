"""The benchmark against a control plane says all that it should, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bench.budgets import budgets
from bench.children import python
from bench.live.__main__ import BUDGETS, RUNS, Result
from bench.live.figures import FIGURES
from cluster.waiting import wait_for

_TESTS = Path(__file__).parents[2]
SMALL = ("--shapes", "tiny", "--changes", "16", "--rate", "100", "--seconds", "5")


def test_budgets_are_of_figures_and_runs_that_there_are() -> None:
    assert set(budgets(BUDGETS)) <= set(RUNS)
    assert {figure for run in budgets(BUDGETS).values() for figure in run} <= set(FIGURES)


@pytest.mark.live
def test_a_run_says_all_figures_in_one_json_object(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    done = python("bench.live", *SMALL, "--out", str(file))
    said, text = json.loads(done.output.splitlines()[-1]), file.read_text()
    assert said == json.loads(text)
    assert set(said) == set(Result.__struct_fields__)
    assert said["failed"] == []
    assert str(Path(__file__).parent) not in text
    tiny = msgspec.json.decode(text, type=Result).runs["tiny"]
    assert set(tiny.figures) == set(FIGURES)
    assert tiny.kinds["one policy changed"].number == 16
    assert tiny.kinds["one policy changed"].flows > 0
    assert set(tiny.stages) == {"policies", "churn"}


@pytest.mark.live
def test_ctrl_c_ends_all_that_was_started() -> None:
    command = [sys.executable, "-m", "bench.live", *SMALL, "--seconds", "300"]
    env = {**os.environ, "PYTHONPATH": str(_TESTS)}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=env) as running:
        try:
            audits = wait_for(lambda: _programs(running.pid, "run"), "an operator runs", 60)
            programs = {**_programs(running.pid, "etcd"), **audits}
            running.send_signal(signal.SIGINT)
            assert running.wait(30) == 130
        finally:
            running.kill()
    assert len(set(programs.values())) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in programs)
    assert not any(folder.exists() for folder in programs.values())


def _programs(ancestor: int, word: str) -> dict[int, Path]:
    """The programs of supervisors of a process that have a word in their command: their folders."""
    found = {}
    for supervisor in _children(ancestor):
        for pid in _children(supervisor):
            if word in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
                found[pid] = Path(os.readlink(f"/proc/{pid}/cwd"))
    return found


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for each in threads for child in (each / "children").read_text().split()]
