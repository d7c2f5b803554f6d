"""Every case of every file, under every implementation that covers its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cases.runner import IMPLEMENTATIONS, all_cases, covers, judge

if TYPE_CHECKING:
    from cases.casefile import Case

IMPLEMENTED = {name: load() for name, load in IMPLEMENTATIONS.items()}
COVERED = [
    pytest.param(case, name, id=f"{case.file.stem}: {case.name} [{name}]")
    for case in all_cases()
    for name, implementation in IMPLEMENTED.items()
    if covers(case, implementation)
]


@pytest.mark.parametrize(("case", "name"), COVERED)
def test_case(case: Case, name: str, request: pytest.FixtureRequest) -> None:
    # Only the engine may rewrite a table: the oracle must not be pasted into what it checks.
    update = name == "engine" and request.config.getoption("--update-cases", default=False)
    told = judge(case, IMPLEMENTED[name], update=bool(update))
    if told:
        pytest.fail("\n".join([f"{case.name}, by the {name}:", *told]), pytrace=False)


def test_the_engine_has_an_answer_to_every_case() -> None:
    assert all(covers(case, IMPLEMENTED["engine"]) for case in all_cases())
