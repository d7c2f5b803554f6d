"""What a check is: a document, a unit that it judges, and a judge."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from reachaudit.checks.view import View
from reachaudit.findings.finding import Finding, Severity

U = TypeVar("U")


@dataclass(frozen=True)
class About:
    """A check's document. `name` is the reason of its Events; `rule` its id in the rules' list."""

    id: str
    rule: str
    name: str
    title: str
    why: str
    severity: Severity


class Check(Protocol):
    """A check, whatever its unit."""

    @property
    def about(self) -> About:
        """Its document."""
        ...

    def findings(self, view: View) -> Iterator[Finding]:
        """All findings in a state."""
        ...


@dataclass(frozen=True)
class UnitCheck(Generic[U]):
    """A check that judges unit by unit: what a unit's findings are depends on `view` alone."""

    about: About
    units: Callable[[View], Iterable[U]]
    judge: Callable[[U, View], Iterable[Finding]]

    def findings(self, view: View) -> Iterator[Finding]:
        """All findings in a state."""
        for unit in self.units(view):
            yield from self.judge(unit, view)
