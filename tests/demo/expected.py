"""The findings that the samples' READMEs promise, read from their tables."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from demo.samples import SAMPLES, changes

_ROW = re.compile(r"\| (?P<check>RA\d{3}) \| (?P<kind>\w+) (?P<name>\S+) \|")


class Expected(NamedTuple):
    """A finding: the check's id, and the object at fault as `namespace/name` or `name`."""

    check: str
    kind: str
    name: str


class Step(NamedTuple):
    """What is open after a change (the base world is step 0), and what the change did to it."""

    open: frozenset[Expected]
    opened: frozenset[Expected]
    closed: frozenset[Expected]


def steps() -> tuple[Step, ...]:
    """The open findings of the base world and after each change."""
    start = _findings(_lines(SAMPLES / "README.md"))
    found = [Step(start, start, frozenset())]
    for change in changes():
        opens, closes = _opens_and_closes(change.readme)
        before = found[-1].open
        assert not opens & before, f"{change.readme}: already open: {opens & before}"
        assert closes <= before, f"{change.readme}: not open: {closes - before}"
        found.append(Step((before | opens) - closes, opens, closes))
    return tuple(found)


def _opens_and_closes(readme: Path) -> tuple[frozenset[Expected], frozenset[Expected]]:
    lines = _lines(readme)
    middle = lines.index("Closes:") if "Closes:" in lines else len(lines)
    assert "Opens:" not in lines[middle:], f"{readme}: what opens comes first"
    return _findings(lines[:middle]), _findings(lines[middle:])


def _findings(lines: Iterable[str]) -> frozenset[Expected]:
    found = [Expected(*row.group("check", "kind", "name")) for row in map(_ROW.match, lines) if row]
    assert len(found) == len(set(found)), "a finding stands twice"
    return frozenset(found)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
