"""Standing findings: each unit's, judged again only where something that it has read changed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from reachaudit.checks.check import Check
from reachaudit.checks.view import View
from reachaudit.findings.finding import Finding
from reachaudit.model.facts import Fact
from reachaudit.model.names import Ref
from reachaudit.model.store import Change
from reachaudit.reach.derived import Table


class Judged(NamedTuple):
    """A unit that was judged again, and whose findings are others: those before, those now."""

    before: tuple[Finding, ...]
    now: tuple[Finding, ...]


class Standing:
    """All findings of all checks, as they stand."""

    def __init__(self, catalogue: Iterable[Check], view: View) -> None:
        self._view = view
        self._sheets = [_Sheet(check, view) for check in catalogue]
        self._of_kind: defaultdict[type[Fact], list[_Sheet]] = defaultdict(list)
        for sheet in self._sheets:
            for kind in sheet.check.kinds:
                self._of_kind[kind].append(sheet)

    def follow(self, changes: Sequence[Change]) -> Iterator[Judged]:
        """Judge again what changes that the engine has taken over may concern."""
        for change in changes:
            for fact in filter(None, (change.old, change.new)):
                for sheet in self._of_kind.get(type(fact), ()):
                    sheet.table.stale[sheet.check.unit(fact)] = None
        for sheet in self._sheets:
            yield from sheet.renew()


class _Sheet:
    """The findings of one check, unit by unit."""

    def __init__(self, check: Check, view: View) -> None:
        self.check = check
        self.table: Table[Ref, tuple[Finding, ...]] = Table(
            view.reach.graph, partial(self._judge, view)
        )
        self._standing: dict[Ref, tuple[Finding, ...]] = {}

    def renew(self) -> Iterator[Judged]:
        for unit in list(self.table.stale):
            before, now = self._standing.pop(unit, ()), self.table[unit]
            if now:
                self._standing[unit] = now
            if before != now:
                yield Judged(before, now)

    def _judge(self, view: View, unit: Ref) -> tuple[Finding, ...]:
        return tuple(self.check.judge(unit, view))
