"""What docs/library.md shows is what a program gets."""

import doctest
import re

import pytest

from cli.program import ROOT

PAGE = ROOT / "docs" / "library.md"


def test_every_example_gives_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert not failed
    assert tried == len(re.findall(r"^>>> ", PAGE.read_text(), flags=re.MULTILINE)) > 0
