"""What a scan tells, before it takes any form: findings, and where in files they stand."""

from collections.abc import Callable, Iterable, Mapping
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
    """`found`: worst first. `assumptions`: `name=value` each. `problems`: a sentence each."""

    found: tuple[Found, ...]
    assumptions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


Places = Mapping[Ref, Callable[[str], str]]


def located(findings: Iterable[Finding], places: Places) -> tuple[Found, ...]:
    """Findings with their places, of which `places` has the texts `file:line`, field by field.

    A namespace need not have a document of its own: then it is where its first object is.
    """
    first: dict[str, Ref] = {}
    for ref in places:
        first.setdefault(ref.namespace, ref)

    def place(finding: Finding) -> Place | None:
        cause = finding.cause
        if cause in places:
            return _place(places[cause](finding.field))
        if cause.kind == Namespace.kind and cause.name in first:
            return _place(places[first[cause.name]](""))
        return None

    return tuple(Found(finding, place(finding)) for finding in findings)


def _place(text: str) -> Place:
    file, _, line = text.rpartition(":")
    return Place(file, int(line))
