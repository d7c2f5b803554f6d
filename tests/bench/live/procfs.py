"""What a process costs, and how busy the machine is, as Linux counts it."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1_024
_BUSY = (0, 1, 2, 5, 6, 7)  # user, nice, system, irq, softirq, steal of /proc/stat


@dataclass(frozen=True)
class Cost:
    """CPU seconds of all threads, and resident memory in MiB now and at its most."""

    cpu: float
    rss: float
    peak: float


def cost(pid: int) -> Cost:
    """What a process has cost so far."""
    return Cost(_cpu(pid), _kib(pid, "VmRSS") / _KIB, _kib(pid, "VmHWM") / _KIB)


def forget_peak(pid: int) -> None:
    """Let the most memory be that from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def all_cpu() -> float:
    """CPU seconds that all processes of the machine have used."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(int(fields[i]) for i in _BUSY) / _TICKS


def cpu(pids: list[int]) -> float:
    """CPU seconds that some processes have used, by themselves."""
    return sum(map(_cpu, pids))


def _cpu(pid: int) -> float:
    """utime and stime: fields 14 and 15, where the name, which may hold anything, is the second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _kib(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (value,) = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(value)
