"""Go programs built once a machine into a cache outside the tree, with visible progress."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

MINIMUM_GO = (1, 26)
QUIET_SECONDS = 30.0  # between two lines where the output is no terminal


class BuildError(Exception):
    """Why a program cannot be had, in one sentence."""


def cache_folder() -> Path:
    """Where built programs are kept: REACHAUDIT_CACHE, else the user's cache folder."""
    own = os.environ.get("REACHAUDIT_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "reachaudit"


def cached_program(name: str, arguments: Sequence[str], folder: Path) -> Path:
    """The program `name` of the cache, made there by `go install ARGUMENTS` if it is missing.

    It appears under its name whole or not at all, so a killed build leaves nothing half-made.
    """
    program = cache_folder() / name
    if program.exists():
        return program
    _require_go()
    program.parent.mkdir(parents=True, exist_ok=True)
    with _locked(program.with_name(f"{name}.lock")) as lock:
        if not program.exists():
            workshop = program.with_name(f"{name}.part")
            shutil.rmtree(workshop, ignore_errors=True)
            workshop.mkdir()
            _install(name, arguments, folder, workshop, lock)
            [built] = workshop.iterdir()
            built.replace(program)
            workshop.rmdir()
    return program


def _require_go() -> None:
    wanted = ".".join(map(str, MINIMUM_GO))
    if shutil.which("go") is None:
        raise BuildError(
            f"go is not installed: Go {wanted} or later is needed (https://go.dev/dl/)."
        )
    asked = subprocess.run(
        ["go", "version"], env=_environment(Path()), cwd="/", capture_output=True, text=True
    )
    found = re.search(r"go(\d+)\.(\d+)\S*", asked.stdout)
    if found is None:
        raise BuildError(f"`go version` failed: {(asked.stderr or asked.stdout).strip()}")
    if (int(found[1]), int(found[2])) < MINIMUM_GO:
        raise BuildError(f"{found[0]} is too old: Go {wanted} or later is needed.")


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Hold the lock file; the kernel lets go of it when its holders end, however they end."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{path.stem}: waiting for another build of it", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _install(name: str, arguments: Sequence[str], folder: Path, workshop: Path, lock: int) -> None:
    """Run go and show how far it is. It holds the lock too, should this process be killed."""
    process = subprocess.Popen(
        ["go", "install", "-v", *arguments],
        cwd=folder,
        env=_environment(workshop),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=[lock],
    )
    with process:
        progress = _Progress(name, process)
        try:
            progress.show()
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise BuildError(f"go could not build {name}:\n" + "\n".join(progress.tail))


def _environment(workshop: Path) -> Mapping[str, str]:
    """Go as it is installed, without a C compiler and without a workspace around the module."""
    fixed = {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off", "GOBIN": str(workshop)}
    return {**os.environ, **fixed}


class _Progress:
    """What `go install -v` is at: it writes a line a module fetched and a package compiled."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.tail: deque[str] = deque(maxlen=20)
        self._name = name.rpartition("-")[0]
        self._process = process
        self._packages = 0
        self._doing = "starting"
        self._started = time.monotonic()
        self._reader = threading.Thread(target=self._read, daemon=True)

    def show(self) -> None:
        terminal = sys.stderr.isatty()
        start, end = ("\r\033[K", "") if terminal else ("", "\n")
        self._reader.start()
        while self._reader.is_alive():
            print(f"{start}{self._line()}", end=end, file=sys.stderr, flush=True)
            self._reader.join(timeout=1.0 if terminal else QUIET_SECONDS)
        self._doing = "done" if self._process.wait() == 0 else "failed"
        print(f"{start}{self._line()}", file=sys.stderr, flush=True)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.tail.append(line.rstrip())
            fetching = line.startswith("go: downloading ")
            self._packages += 0 if fetching else 1
            self._doing = (
                line.removeprefix("go: ").strip() if fetching else f"compiling {line.strip()}"
            )

    def _line(self) -> str:
        seconds = time.monotonic() - self._started
        return f"{self._name}: {seconds:.0f} s, {self._packages} packages, {self._doing}"[:100]
