"""Processes that end with their caller: the caller's end of `supervisor.py`."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from cluster import supervisor


class Processes:
    """Programs that run in a temporary folder; both go with `close()` or with the caller."""

    def __init__(self) -> None:
        self._supervisor = subprocess.Popen(
            # Isolated and without site-packages: it starts in 20 ms and nothing can get in its way.
            [sys.executable, "-I", "-S", supervisor.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is for the caller, which may still want its programs while it cleans up.
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._pids: dict[str, int] = {}
        self.folder = Path(str(self._answer()))

    @property
    def pids(self) -> dict[str, int]:
        """The pid of each program that was started, and of the supervisor."""
        return {"supervisor": self._supervisor.pid, **self._pids}

    def start(self, name: str, argv: Sequence[str]) -> None:
        """Start a program."""
        pid = self._ask("start", name, argv)
        assert isinstance(pid, int)
        self._pids[name] = pid

    def ended(self) -> dict[str, int]:
        """The exit codes of the programs that have ended by themselves."""
        codes = self._ask("ended")
        assert isinstance(codes, dict)
        return codes

    def kill(self, name: str) -> None:
        """Kill a program with SIGKILL; it is gone afterwards."""
        self._ask("kill", name)
        del self._pids[name]

    def log(self, name: str) -> Path:
        """The file that holds a program's output."""
        return self.folder / f"{name}.log"

    def close(self) -> None:
        """End all programs and remove the folder."""
        self._supervisor.communicate()
        self._pids.clear()

    def _ask(self, do: str, name: str = "", argv: Sequence[str] = ()) -> object:
        assert self._supervisor.stdin is not None
        request = json.dumps({"do": do, "name": name, "argv": list(argv)})
        with self._lock:
            print(request, file=self._supervisor.stdin, flush=True)
            return self._answer()

    def _answer(self) -> object:
        assert self._supervisor.stdout is not None
        line = self._supervisor.stdout.readline()
        if not line:
            raise ChildProcessError(f"the supervisor ended with {self._supervisor.wait()}")
        answer: object = json.loads(line)
        return answer
