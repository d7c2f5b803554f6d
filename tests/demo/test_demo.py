"""`make demo` as its user runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.waiting import wait_for
from demo.story import Result

pytestmark = pytest.mark.live

DEMO = [sys.executable, "-m", "demo"]
TESTS = Path(__file__).parents[1]


def environment(folder: Path) -> dict[str, str]:
    """All that the demo writes and starts shows this folder."""
    return os.environ | {
        "TMPDIR": str(folder),
        "PYTHONPATH": f"{TESTS}:{TESTS.parent}",
        "COLUMNS": "120",
    }


def processes_of(folder: Path) -> list[str]:
    """The command lines that name the folder."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_text().replace("\0", " ")
        except OSError:  # it has just ended
            continue
        if str(folder) in words:
            found.append(words)
    return found


def test_it_ends_by_itself_and_leaves_nothing(tmp_path: Path) -> None:
    ran = subprocess.run(
        DEMO, env=environment(tmp_path), capture_output=True, text=True, timeout=180
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    result = json.loads(ran.stdout.splitlines()[-1])
    assert list(result) == list(Result._fields)
    assert (result["findings_opened"], result["findings_closed"], result["errors"]) == (4, 17, 0)
    # Each transition is told once, and the baseline in one Event.
    assert result["events"] == 4 + 17 + 1
    assert result["series"] > 100
    assert 0 < result["verdict_ms_max"] < 10_000
    assert ran.stdout.count("verdict ") == 5
    wait_for(lambda: not processes_of(tmp_path), "nothing runs any more")
    assert list(tmp_path.iterdir()) == []


def test_it_stays_up_when_asked_to(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*DEMO, "--keep"], env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    ) as playing:
        assert playing.stdout is not None
        try:
            told = next(line for line in playing.stdout if line.startswith("cluster "))
            assert Path(told.rpartition("=")[2].strip()).is_file()
            assert processes_of(tmp_path)
            playing.send_signal(signal.SIGINT)
            rest = playing.stdout.read()
            assert playing.wait(30) == 0, rest
            assert json.loads(rest.splitlines()[-1])["errors"] == 0
        finally:
            playing.kill()
    wait_for(lambda: not processes_of(tmp_path), "nothing runs any more")


def test_kind_without_docker_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    ran = subprocess.run(
        [*DEMO, "--target", "kind"],
        env=environment(tmp_path) | {"PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 2
    assert ran.stderr == (
        "demo: kind needs Docker, and no docker command is installed on this machine.\n"
    )
