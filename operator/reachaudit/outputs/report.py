"""What a scan tells, before it takes any form: findings, and where in files they stand."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from reachaudit.findings.finding import Finding
from reachaudit.model.facts import Namespace
from reachaudit.model.names import Ref


class Place(NamedTuple):
    """A line of a file, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        """`shop.yaml:12`."""
        return f"{self.file}:{self.line}"


class Found(NamedTuple):
    """A finding, and where the field at fault stands, or the object; None where no file has it."""

    finding: Finding
    place: Place | None


@dataclass(frozen=True)
class Report:
    """`found`: worst first. `assumptions`: `name=value`, or in words. `problems`: in words."""

    found: tuple[Found, ...]
    assumptions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def located(
    findings: Iterable[Finding], read: Collection[Ref], place_of: Callable[[Ref, str], str]
) -> tuple[Found, ...]:
    """Findings with their places: `place_of` gives that of a field as `file:line`.

    `read` are the objects from files, in order. A namespace need not have a document of its own:
    then it is where its first object is.
    """
    known, first = set(read), dict[str, Ref]()
    for ref in read:
        first.setdefault(ref.namespace, ref)

    def place(finding: Finding) -> Place | None:
        cause = finding.cause
        if cause in known:
            return _place(place_of(cause, finding.field))
        if cause.kind == Namespace.kind and cause.name in first:
            return _place(place_of(first[cause.name], ""))
        return None

    return tuple(Found(finding, place(finding)) for finding in findings)


def _place(text: str) -> Place:
    file, _, line = text.rpartition(":")
    return Place(file, int(line))
