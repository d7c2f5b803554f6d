"""What a scan tells, before it takes any form: findings and where their objects stand in files."""

from collections.abc import Iterable, Mapping
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
    """A finding, and where the object at fault stands; None where no file has it."""

    finding: Finding
    place: Place | None


@dataclass(frozen=True)
class Report:
    """`found`: worst first. `assumptions`: `name=value` each. `problems`: a sentence each."""

    found: tuple[Found, ...]
    assumptions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def located(findings: Iterable[Finding], places: Mapping[Ref, str]) -> tuple[Found, ...]:
    """Findings with their places, of which `places` has the texts `file:line`.

    A namespace need not have a document of its own: then it is where its first object is.
    """
    first: dict[str, str] = {}
    for ref, text in places.items():
        first.setdefault(ref.namespace, text)

    def place(cause: Ref) -> Place | None:
        text = places.get(cause)
        if text is None and cause.kind == Namespace.kind:
            text = first.get(cause.name)
        if text is None:
            return None
        file, _, line = text.rpartition(":")
        return Place(file, int(line))

    return tuple(Found(finding, place(finding.cause)) for finding in findings)
