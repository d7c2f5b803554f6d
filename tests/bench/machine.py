"""What a figure hangs on beside the code: the machine, the interpreter, the commit."""

import os
import platform
import subprocess
from pathlib import Path

import msgspec

_ROOT = Path(__file__).parents[2]


class Machine(msgspec.Struct, frozen=True):
    """Facts of the machine, none of which names it. `load`: over the last minute, as we begin.

    `commit` is "" outside a git work tree; `modified`: files differ from the commit.
    """

    processor: str
    cores: int
    memory_mb: int
    system: str
    python: str
    load: float
    commit: str
    modified: bool


def machine() -> Machine:
    """Look at this machine."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_mb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000,
        system=f"{platform.system()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        load=round(os.getloadavg()[0], 2),
        commit=_git("rev-parse", "--short=12", "HEAD"),
        modified=bool(_git("status", "--porcelain")),
    )


def _processor() -> str:
    """Linux names the model in a file of its own; elsewhere Python knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _git(*words: str) -> str:
    try:
        found = subprocess.run(["git", *words], cwd=_ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
