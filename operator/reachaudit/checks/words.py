"""Words that several checks need for what a person reads."""

from collections.abc import Iterable, Sequence

from reachaudit.reach.workloads import Workload

_SHOWN = 4


def counted(number: int, noun: str) -> str:
    """`1 pod`, `3 pods`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def some(names: Iterable[str]) -> str:
    """The first few of many names: `a, b, c, d and 7 more`."""
    names = list(dict.fromkeys(names))
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def workload_names(workloads: Sequence[Workload]) -> str:
    """Names of workloads of one namespace, without it."""
    return some(workload.name for workload in workloads)
