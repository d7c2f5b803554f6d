"""Runs programs for a caller, and ends them and their folder when the caller ends, however it ends.

The caller starts this file as a script and writes requests to its standard input, a JSON object a
line. The kernel closes that pipe when the caller is gone, even by SIGKILL: that is the sign to end.
PR_SET_PDEATHSIG alone would not do in the caller, as it follows the *thread* that forked. Here is
only one thread; it ends the programs where this supervisor itself is killed.
"""

import ctypes
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import FrameType

_PR_SET_PDEATHSIG = 1


class Programs:
    """The programs that run, by name, in a temporary folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="reachaudit-cluster-"))
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._libc = ctypes.CDLL(None)

    def start(self, name: str, argv: list[str]) -> int:
        """Start a program with its output in `name`.log and answer its pid."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=self._die_with_supervisor,
            )
        self._running[name] = process
        return process.pid

    def ended(self) -> dict[str, int]:
        """The exit codes of the programs that have ended by themselves."""
        codes = {name: process.poll() for name, process in self._running.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def kill(self, name: str) -> int:
        """Kill a program with SIGKILL and wait until it is gone."""
        process = self._running.pop(name)
        process.kill()
        return process.wait()

    def end(self) -> None:
        """Kill all, the last started first, and remove the folder."""
        for name in list(reversed(self._running)):
            self.kill(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _die_with_supervisor(self) -> None:
        if sys.platform == "linux":
            self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(programs: Programs) -> None:
    """Answer requests, a line each, until the caller closes the pipe."""
    print(json.dumps(str(programs.folder)), flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(programs, **json.loads(line))), flush=True)


def _answer(programs: Programs, do: str, name: str, argv: list[str]) -> int | dict[str, int]:
    match do:
        case "start":
            return programs.start(name, argv)
        case "kill":
            return programs.kill(name)
        case _:
            return programs.ended()


def _exit(signum: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


def main() -> None:
    """Serve the caller on the other end of standard input and output."""
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, _exit)
    programs = Programs()
    try:
        with suppress(BrokenPipeError):  # the caller may also end before it hears an answer
            serve(programs)
    finally:
        programs.end()


if __name__ == "__main__":
    main()
