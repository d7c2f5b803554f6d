"""Holds the implementations against the tables of the case files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cases.casefile import read_cases, rewrite
from cases.engine_answers import engine
from cases.oracle_answers import oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cases.answers import Answers, Implementation
    from cases.casefile import Case, Finding, Findings, Opening, Openings
    from cases.table import Table

Cells: TypeAlias = tuple[tuple[str, ...], ...]


IMPLEMENTATIONS: Mapping[str, Callable[[], Implementation]] = {"oracle": oracle, "engine": engine}


def case_files() -> list[Path]:
    """Return the case files of this folder."""
    files = sorted(Path(__file__).parent.glob("*.md"))
    return [file for file in files if file.name != "README.md"]


def all_cases() -> list[Case]:
    """Read every case of every file."""
    return [case for file in case_files() for case in read_cases(file)]


def covers(case: Case, implementation: Implementation) -> bool:
    """Say whether an implementation has an answer to anything of a case."""
    return any(
        any(implementation.covers(step, table) for table in step.tables)
        or (implementation.findings is not None and step.findings is not None)
        or (implementation.openings is not None and step.openings is not None)
        for step in case.steps
    )


def judge(case: Case, implementation: Implementation, *, update: bool = False) -> list[str] | None:
    """Return how an implementation differs from a case; None if it covers nothing of it.

    With `update` the written tables become what it answers; the differences are still told.
    """
    told: list[str] | None = None
    for step in case.steps:
        answers = implementation.answers(step)
        for table in step.tables:
            if not implementation.covers(step, table):
                continue
            cells = _cells(table, answers)
            told = [*(told or []), *_table_difference(case.file, table, cells)]
            if update and cells != table.cells:
                rewrite(case.file, table, cells)
        if implementation.findings is not None and step.findings is not None:
            found = implementation.findings(step)
            told = [*(told or []), *_findings_difference(case.file, step.findings, found)]
        if implementation.openings is not None and step.openings is not None:
            opened = implementation.openings(step)
            told = [*(told or []), *_openings_difference(case.file, step.openings, opened)]
    return told


def _cells(table: Table, answers: Answers) -> Cells:
    return tuple(
        tuple(
            answers.cell(source, destination, table.port, table.protocol, table.family)
            for destination in table.columns
        )
        for source in table.rows
    )


def _table_difference(file: Path, table: Table, cells: Cells) -> list[str]:
    lines = [
        f"  {source} → {destination}: written {written}, answered {answered}"
        for source, row, actual in zip(table.rows, table.cells, cells, strict=True)
        for destination, written, answered in zip(table.columns, row, actual, strict=True)
        if written != answered
    ]
    return [f"{file}:{table.span[0]}: {table.heading}", *lines] if lines else []


def _findings_difference(file: Path, block: Findings, found: Collection[Finding]) -> list[str]:
    left = sorted(finding for finding in found if finding.check in block.checks)
    lines = []
    # Those with a severity choose first: the others take what is left.
    for wanted in sorted(block.expected, key=lambda finding: not finding.severity):
        match = next(filter(wanted.fits, left), None)
        if match is None:
            lines.append(f"  missing: {wanted}")
        else:
            left.remove(match)
    lines += [f"  not expected: {finding}" for finding in left]
    return [f"{file}:{block.line}: findings", *lines] if lines else []


def _openings_difference(file: Path, block: Openings, found: Collection[Opening]) -> list[str]:
    here = {opening for opening in found if opening.by in block.objects}
    lines = [f"  missing: {wanted}" for wanted in sorted(set(block.expected) - here)]
    lines += [f"  not expected: {opening}" for opening in sorted(here - set(block.expected))]
    return [f"{file}:{block.line}: openings", *lines] if lines else []
