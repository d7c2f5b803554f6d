"""What the demo shows on the terminal: tables and short lines, read by someone in a hurry."""

from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from demo.watching import Effect, Finding

_COLOURS = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
}
_PAIRS_SHOWN = 6
_EVENTS_SHOWN = 5
_OBJECT_WIDTH = 48


class Teller:
    """Writes to one console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def step(self, words: str) -> None:
        """A heading."""
        self._console.print()
        self._console.rule(f"[bold]{escape(words)}", align="left")

    def say(self, words: str) -> None:
        """A line."""
        self._console.print(words, markup=False, highlight=False, soft_wrap=True)

    def findings(self, findings: Sequence[Finding], news: Iterable[Finding] = ()) -> None:
        """The open findings, worst first; what is new is marked."""
        new = {finding.fingerprint for finding in news}
        title = f"{len(findings)} open findings"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, expand=True)
        widest = max((len(finding.object) for finding in findings), default=0)
        for heading, width in (("", 3), ("Severity", 8), ("Check", 5), ("Object", widest)):
            table.add_column(heading, no_wrap=True, width=min(width, _OBJECT_WIDTH))
        table.add_column("What is so", no_wrap=True, overflow="ellipsis", ratio=1)
        for finding in findings:
            colour = _COLOURS[finding.severity]
            table.add_row(
                "new" if finding.fingerprint in new else "",
                f"[{colour}]{finding.severity}[/]",
                finding.check,
                escape(finding.object),
                escape(finding.message),
            )
        self._console.print(table)

    def effect(self, effect: Effect) -> None:
        """What opened, what closed, and which flows came and went."""
        for sign, colour, findings in (("+", "red", effect.opened), ("-", "green", effect.closed)):
            word = "opened" if sign == "+" else "closed"
            for finding in findings:
                self._console.print(
                    f"[{colour}]{sign} {word}[/] {finding.check} {escape(finding.object)}"
                )
                if sign == "+":
                    self.say(f"      {finding.message}")
                    self.say(f"      fix: {finding.fix}")
        if not effect.opened and not effect.closed:
            self._console.print("no finding opened or closed")
        self._console.print(
            f"blast radius: {effect.gained.count} flows gained, {effect.lost.count} flows lost"
        )
        for sign, flows in (("+", effect.gained), ("-", effect.lost)):
            for pair in flows.pairs[:_PAIRS_SHOWN]:
                self.say(f"    {sign} {pair}")
            if len(flows.pairs) > _PAIRS_SHOWN:
                self.say(f"      and {len(flows.pairs) - _PAIRS_SHOWN} more pairs")
        milliseconds = effect.seconds * 1000
        self._console.print(f"verdict [bold]{milliseconds:.0f} ms[/] after the API server's answer")

    def events(self, events: Sequence[str]) -> None:
        """New Events as the API server holds them."""
        self._console.print(f"Events of it, as the API server holds them: {len(events)}")
        for event in events[:_EVENTS_SHOWN]:
            self._console.print(f"    {escape(event)}", no_wrap=True, overflow="ellipsis")
        if len(events) > _EVENTS_SHOWN:
            self.say(f"    and {len(events) - _EVENTS_SHOWN} more")

    def metrics(self, before: Mapping[str, float], after: Mapping[str, float]) -> None:
        """The findings' series of /metrics that moved."""
        moved = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
        self.say(f"Metrics that moved, as /metrics has them: {len(moved)}")
        for name in moved:
            self.say(f"    {name} {_number(before.get(name))} → {_number(after.get(name))}")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
