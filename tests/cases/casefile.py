"""Case files: Markdown whose headings name the cases, whose blocks are world and verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from cases.manifests import read_manifests
from cases.markdown import fail, read_sections
from cases.table import check_axes, read_table, render
from cases.terse import WorldError
from cases.world import World, line_order

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cases.apiobject import Object
    from cases.markdown import Block, Section
    from cases.table import Table

_OPENING = re.compile(
    r"(internet|private)(?: (v6))? ([-.iex%?]) ([A-Z]\w* \S+) (\S.*): (nodes|\S+/\S+\[\w+\])"
    r"|none ([A-Z]\w* \S+)"
)
_FINDING = re.compile(
    r"(RA\d{3}) (?:none|(?:(critical|high|medium|low|info) )?"
    r"([A-Z]\w*) (?:([^/\s]+)/)?([^/\s]+))"
)


class Finding(NamedTuple):
    """A finding; `namespace` is empty for cluster-scoped kinds.

    An expected one without a severity may have any.
    """

    check: str
    kind: str
    namespace: str
    name: str
    severity: str = ""

    def __str__(self) -> str:
        """`RA001 high Namespace x`, as it is written in a block."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return " ".join(filter(None, (self.check, self.severity, self.kind, place)))

    def fits(self, found: Finding) -> bool:
        """Say whether a finding is the one that was expected."""
        return self == (found if self.severity else found._replace(severity=""))


class Opening(NamedTuple):
    """A way in from outside: who may dial it, what becomes of them, and who is reached.

    `by` is the object that opens it, `Service x/s`; `target` a workload, `x/a[Pod]`, or `nodes`.
    """

    zone: str
    family: str
    cell: str
    by: str
    way: str
    target: str

    def __str__(self) -> str:
        """`internet . Service x/s NodePort 30080/TCP: x/a[Pod]`, as it is written in a block."""
        zone = self.zone if self.family == "v4" else f"{self.zone} {self.family}"
        return f"{zone} {self.cell} {self.by} {self.way}: {self.target}"


@dataclass(frozen=True)
class Openings:
    """All ways in that the named objects open; other objects are not looked at."""

    objects: frozenset[str]
    expected: tuple[Opening, ...]
    line: int


@dataclass(frozen=True)
class Findings:
    """All findings of the checks that the block names; other checks are not looked at."""

    checks: frozenset[str]
    expected: tuple[Finding, ...]
    line: int


@dataclass(frozen=True)
class Step:
    """One state of the world, and what must be true of it."""

    objects: tuple[Object, ...]
    assumptions: Mapping[str, str]
    tables: tuple[Table, ...]
    findings: Findings | None
    openings: Openings | None = None


@dataclass(frozen=True)
class Case:
    """A named case: states of one world in turn."""

    file: Path
    line: int
    name: str
    steps: tuple[Step, ...]


def read_cases(file: Path) -> tuple[Case, ...]:
    """Read every case of a file."""
    sections = read_sections(file)
    if [section.level for section in sections[:1]] != [1]:
        fail(file, 1, "a case file begins with one # heading")
    title, *rest = sections
    if not rest:
        fail(file, 1, "a case file holds at least one ## case")
    fixture = _read_fixture(file, title)
    names: set[str] = set()
    for section in rest:
        if section.level == 1:
            fail(file, section.line, "a case file has one # heading")
        if section.name in names:
            fail(file, section.line, f"two cases are named {section.name!r}")
        names.add(section.name)
    return tuple(
        Case(file, s.line, s.name, _CaseReader(file, s, fixture.copy()).steps()) for s in rest
    )


def rewrite(file: Path, table: Table, cells: tuple[tuple[str, ...], ...]) -> None:
    """Write other cells into exactly that table's lines; no line moves."""
    lines = file.read_text(encoding="utf-8").split("\n")
    first, last = table.span
    lines[first - 1 : last] = render(replace(table, cells=cells))
    file.write_text("\n".join(lines), encoding="utf-8")


def _read_fixture(file: Path, title: Section) -> World:
    if not title.blocks:
        return World()
    if len(title.blocks) > 1 or title.blocks[0].words != ["cluster"]:
        fail(file, title.blocks[-1].line, "below the # heading stands one cluster block at most")
    return _read_cluster(file, title.blocks[0])


def _read_cluster(file: Path, block: Block) -> World:
    world = World()
    for number, line in sorted(block.content, key=lambda numbered: line_order(numbered[1])):
        try:
            world.add_line(line)
        except WorldError as error:
            fail(file, number, str(error))
    return world


class _CaseReader:
    """Reads the blocks of one case in order; a change after a table begins a new step."""

    def __init__(self, file: Path, section: Section, world: World) -> None:
        self._file = file
        self._section = section
        self._world = world
        self._assumptions: dict[str, str] = {}
        self._tables: list[Table] = []
        self._findings: Findings | None = None
        self._openings: Openings | None = None
        self._steps: list[Step] = []

    def steps(self) -> tuple[Step, ...]:
        readers = {
            "cluster": self._read_cluster,
            "yaml": self._read_yaml,
            "assume": self._read_assumptions,
            "change": self._read_change,
            "reach": self._read_table,
            "findings": self._read_findings,
            "openings": self._read_openings,
        }
        for block in self._section.blocks:
            if block.kind not in readers:
                fail(self._file, block.line, f"unknown block kind {block.kind!r}")
            if block.kind != "reach" and len(block.words) > 1:
                fail(self._file, block.line, f"nothing may follow {block.kind!r}")
            try:
                readers[block.kind](block)
            except WorldError as error:
                fail(self._file, block.line, str(error))
        if not self._shown:
            where = "after its last change" if self._steps else "at all"
            what = "no table, findings or openings"
            fail(self._file, self._section.line, f"the case shows {what} {where}")
        self._close()
        return tuple(self._steps)

    @property
    def _shown(self) -> bool:
        blocks = self._findings, self._openings
        return bool(self._tables) or any(block is not None for block in blocks)

    def _close(self) -> None:
        objects, assumptions = self._world.objects(), dict(self._assumptions)
        tables = tuple(self._tables)
        self._steps.append(Step(objects, assumptions, tables, self._findings, self._openings))
        self._tables, self._findings, self._openings = [], None, None

    def _turn(self) -> None:
        if self._shown:
            self._close()

    def _read_cluster(self, block: Block) -> None:
        if block is not self._section.blocks[0]:
            raise WorldError("a case's own cluster block is its first block")
        self._world = _read_cluster(self._file, block)

    def _read_yaml(self, block: Block) -> None:
        if self._shown or self._steps:
            raise WorldError("after the first table the world changes by change blocks")
        self._add_manifests(block.lines)

    def _add_manifests(self, lines: list[str]) -> None:
        for obj in read_manifests("\n".join(lines)):
            self._world.add_object(obj)

    def _read_assumptions(self, block: Block) -> None:
        self._turn()
        for number, line in block.content:
            match = re.fullmatch(r"([a-z]+(?:-[a-z]+)*)=(\S+)", line)
            if not match:
                fail(self._file, number, f"{line!r}: an assumption is written name=value")
            self._assumptions[match[1]] = match[2]

    def _read_change(self, block: Block) -> None:
        self._turn()
        for number, line in block.content:
            if line == "+":
                self._add_manifests(block.lines[number - block.line :])
                return
            try:
                self._change(line)
            except WorldError as error:
                fail(self._file, number, str(error))

    def _change(self, line: str) -> None:
        sign, _, rest = line.partition(" ")
        if sign == "-" and len(rest.split()) == 2:
            self._world.delete(*rest.split())
        elif sign == "+":
            self._world.add_line(rest)
        elif sign == "~" and rest:
            self._world.relabel(rest)
        else:
            wanted = "- Kind ns/name, + a cluster line, ~ ns/pod key=value, or + and YAML below"
            raise WorldError(f"{line!r}: a change is {wanted}")

    def _read_table(self, block: Block) -> None:
        table = read_table(block.words[1:], block.lines, block.line + 1)
        check_axes(table, self._world)
        for other in self._tables:
            if other.heading == table.heading and other.flows & table.flows:
                raise WorldError(f"{table.heading}: an earlier table shows some of these flows")
        self._tables.append(table)

    def _read_findings(self, block: Block) -> None:
        if self._findings is not None:
            raise WorldError("a second findings block for the same world")
        checks, expected = set[str](), list[Finding]()
        for number, line in block.content:
            match = _FINDING.fullmatch(line)
            if not match:
                wanted = "write RA005 Kind ns/name, RA005 high Kind ns/name, or RA005 none"
                fail(self._file, number, f"{line!r}: {wanted}")
            check, severity, kind, namespace, name = match.groups(default="")
            checks.add(check)
            if kind:
                expected.append(Finding(check, kind, namespace, name, severity))
        if not checks:
            raise WorldError("a findings block names at least one check")
        self._findings = Findings(frozenset(checks), tuple(expected), block.line)

    def _read_openings(self, block: Block) -> None:
        if self._openings is not None:
            raise WorldError("a second openings block for the same world")
        objects, expected = set[str](), list[Opening]()
        for number, line in block.content:
            match = _OPENING.fullmatch(re.sub(" +", " ", line))
            if not match:
                wanted = (
                    "write internet . Service x/s NodePort 30080/TCP: x/a[Pod], or none Service x/s"
                )
                fail(self._file, number, f"{line!r}: {wanted}")
            zone, family, cell, by, way, target, without = match.groups(default="")
            objects.add(by or without)
            if zone:
                expected.append(Opening(zone, family or "v4", cell, by, way, target))
        if not objects:
            raise WorldError("an openings block names at least one object")
        self._openings = Openings(frozenset(objects), tuple(expected), block.line)
