"""What an implementation of the rules must give to be held against the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cases.casefile import Finding, Opening, Step
    from cases.table import Table


class Answers(Protocol):
    """What an implementation knows of one step's world."""

    def cell(
        self, source: str, destination: str, port: int | None, protocol: str, family: str
    ) -> str:
        """Answer with the letter of a table's cell; the names are those of a table's axes."""


@dataclass(frozen=True)
class Implementation:
    """One reading of the rules; `covers` says which tables are its to answer."""

    answers: Callable[[Step], Answers]
    covers: Callable[[Step, Table], bool]
    findings: Callable[[Step], Collection[Finding]] | None = None
    openings: Callable[[Step], Collection[Opening]] | None = None
