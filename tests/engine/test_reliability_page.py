"""Each test that docs/reliability.md names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()


def test_each_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    files = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    there = {name for text in files for name in re.findall(r"def (test_\w+)", text)}
    assert len(named) > 30
    assert named <= there, named - there


def test_each_fault_is_backed_by_a_test() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| ") and row.count(" | ") == 2]
    faults = [row for row in rows if not row.startswith("| Fault ")]
    assert faults
    assert [row for row in faults if "`test_" not in row] == []
