"""Every cell of every case is explained, and the explanation holds in worlds that are otherwise."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from cases.explained import Explained, cells
from cases.runner import all_cases
from reachaudit.reach.verdict import Reason
from reachaudit.reach.why.needs import EVIDENCE, Kind

if TYPE_CHECKING:
    from cases.casefile import Case

CASES = [case for case in all_cases() if any(step.tables for step in case.steps)]
COUNTED: Counter[str] = Counter()
RAN: set[str] = set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.stem}: {case.name}")
def test_case(case: Case) -> None:
    told = []
    for step in case.steps:
        explained = Explained(step)
        for table in step.tables:
            for cell in cells(table):
                try:
                    explained.check(cell)
                except AssertionError as error:
                    where = f"{case.file}:{table.span[0]}: {cell.source} → {cell.destination}"
                    told.append(f"{where}: {error}")
        COUNTED.update(explained.counted)
    RAN.add(f"{case.file.stem}: {case.name}")
    if told:
        pytest.fail("\n".join(told), pytrace=False)


def test_no_cell_is_left_out_and_every_kind_of_answer_occurs() -> None:
    """After the cases: a run of some of them says nothing of all."""
    if len(RAN) < len(CASES):
        pytest.skip("only some cases ran")
    both = sum(
        2 if cell.written in "%?" else 1
        for case in CASES
        for step in case.steps
        for table in step.tables
        for cell in cells(table)
    )
    assert sum(COUNTED.values()) == both
    kinds = {name.partition(": ")[2] for name in COUNTED}
    assert kinds == {kind.value for kind in Kind} | {"1 change", "2 changes"}
    assert COUNTED["open: 1 change"] > 1000 < COUNTED["shut: 1 change"]


def test_it_is_known_what_would_settle_every_unknown() -> None:
    assert set(EVIDENCE) == set(Reason)
