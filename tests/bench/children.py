"""Processes of their own for what is measured, so that each has its own memory and CPU time."""

import os
import subprocess
import sys
from pathlib import Path
from resource import struct_rusage
from tempfile import TemporaryFile
from typing import NamedTuple

_TESTS = Path(__file__).parents[1]


class Failed(Exception):
    """A process failed; the message is one sentence."""


class Ended(NamedTuple):
    """What a process printed, and what it cost."""

    output: bytes
    usage: struct_rusage


def python(module: str, *arguments: str) -> Ended:
    """Run a module to its end; raises Failed where that is no good one."""
    command = [sys.executable, "-m", module, *arguments]
    env = {**os.environ, "PYTHONPATH": str(_TESTS)}
    with TemporaryFile() as output, TemporaryFile() as errors:
        child = subprocess.Popen(command, stdout=output, stderr=errors, env=env)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if child.returncode != 0:
            last = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise Failed(f"{module} ended with {child.returncode}: {last}")
        return Ended(output.read(), usage)
