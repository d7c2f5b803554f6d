"""The ledger: which findings are open, since when, and what opened or closed."""

from collections.abc import Iterable, Iterator
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

    def __iter__(self) -> Iterator[Entry]:
        """All open findings: worst first, then by namespace, check and cause."""
        return iter(sorted(self._open.values(), key=_order))

    def settle(self, findings: Iterable[Finding], now: float) -> list[Transition]:
        """Take over what is found now; answer what opened and what closed, in the ledger's order.

        A finding that is still open keeps its time, and takes the newest words.
        """
        found = {finding.fingerprint: finding for finding in findings}
        closed = [e for print_, e in self._open.items() if print_ not in found]
        opened = [Entry(f, now) for print_, f in found.items() if print_ not in self._open]
        self._open = {
            print_: Entry(finding, self._open[print_].since if print_ in self._open else now)
            for print_, finding in found.items()
        }
        return [
            *(Transition("closed", entry.finding) for entry in sorted(closed, key=_order)),
            *(Transition("opened", entry.finding) for entry in sorted(opened, key=_order)),
        ]


def _order(entry: Entry) -> tuple[int, str, str, str, str]:
    finding = entry.finding
    cause = f"{finding.cause} {finding.target}"
    return finding.severity.rank, finding.namespace, finding.check, cause, finding.fingerprint
