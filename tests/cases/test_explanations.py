"""Every cell of every case is explained, and the explanation holds in worlds that are otherwise."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from cases.explained import Explained, cells
from cases.runner import all_cases
from reachaudit.reach.why.needs import Kind

if TYPE_CHECKING:
    from cases.casefile import Case

CASES = [case for case in all_cases() if any(step.tables for step in case.steps)]
COUNTED: Counter[str] = Counter()


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
    if told:
        pytest.fail("\n".join(told), pytrace=False)


def test_every_kind_of_answer_occurred() -> None:
    if len(COUNTED) < 3:
        pytest.skip("only some cases ran")
    print(COUNTED)
    assert {kind.value for kind in Kind} <= {name.partition(": ")[2] for name in COUNTED}
