"""The ledger: which findings are open, since when, and what opened or closed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from reachaudit.findings.finding import Finding


@dataclass(frozen=True, slots=True)
class Entry:
    """An open finding, and since when (seconds since the epoch)."""

    finding: Finding
    since: float


@dataclass(frozen=True, slots=True)
class Transition:
    """A finding that opened or closed."""

    kind: Literal["opened", "closed"]
    finding: Finding


class Ledger:
    """Open findings by fingerprint. It alone has history; the clock is handed in."""

    def __init__(self) -> None:
        self._open: dict[str, Entry] = {}
        self._sorted: tuple[Entry, ...] = ()

    def open(self) -> tuple[Entry, ...]:
        """All open findings: worst first, then by namespace, check and cause."""
        return self._sorted

    def recall(self, since: Mapping[str, float]) -> None:
        """Take over since when findings are open, by fingerprint, from who knew them before."""
        for print_, entry in self._open.items():
            if print_ in since:
                self._open[print_] = Entry(entry.finding, since[print_])
        self._sorted = tuple(self._open[entry.finding.fingerprint] for entry in self._sorted)

    def settle(
        self, before: Iterable[Finding], found: Iterable[Finding], now: float
    ) -> list[Transition]:
        """Take over what is found now instead of what was `before`; other findings stay.

        Answers what opened and what closed, in the ledger's order. A finding that is still open
        keeps its time, and takes the newest words.
        """
        fresh = {finding.fingerprint: finding for finding in found}
        stood = [e for f in before if (e := self._open.pop(f.fingerprint, None)) is not None]
        since = {entry.finding.fingerprint: entry.since for entry in stood}
        for print_, finding in fresh.items():
            self._open[print_] = Entry(finding, since.get(print_, now))
        if stood or fresh:
            self._sort({id(entry) for entry in stood}, [self._open[print_] for print_ in fresh])
        closed = [entry for entry in stood if entry.finding.fingerprint not in fresh]
        opened = [self._open[print_] for print_ in fresh if print_ not in since]
        return [
            *(Transition("closed", entry.finding) for entry in sorted(closed, key=_order)),
            *(Transition("opened", entry.finding) for entry in sorted(opened, key=_order)),
        ]

    def _sort(self, gone: set[int], came: list[Entry]) -> None:
        """What stays is in order already, so that it costs little more than looking at it."""
        found = [entry for entry in self._sorted if id(entry) not in gone]
        found += came
        found.sort(key=_order)
        self._sorted = tuple(found)


def _order(entry: Entry) -> tuple[int, str, str, str, str]:
    return entry.finding.order
