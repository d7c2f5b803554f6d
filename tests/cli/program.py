"""The program as its users start it: a process with a terminal or without."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECONDS = 60


class Done(NamedTuple):
    """How it ended, and what it wrote."""

    code: int
    out: str
    err: str


def reachaudit(*arguments: str, program: str = "reachaudit", stdin: str = "") -> Done:
    """Run it to its end, in the root of the repository."""
    done = subprocess.run(
        [BIN / program, *arguments],
        cwd=ROOT,
        env=_environment(),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def on_terminal(*arguments: str, columns: int = 80, **variables: str) -> str:
    """What it writes on a terminal."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [BIN / "reachaudit", *arguments],
        cwd=ROOT,
        env=_environment(**{"TERM": "xterm", "COLUMNS": str(columns), **variables}),
        stdin=its,
        stdout=its,
        stderr=its,
    ):
        os.close(its)
        written = b""
        while piece := _read(ours):
            written += piece
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # what Linux says when the last writer is gone
        return b""


def _environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, **more}
