"""What may be assumed: one table, from which all that is said about it comes."""

from __future__ import annotations

import re

import pytest

from reachaudit.settings import OPTIONS, Assumptions, SettingError, assume


def test_what_is_described_can_be_assumed_again() -> None:
    assumptions = Assumptions()
    for setting in assumptions.described():
        assert assume(assumptions, setting) == assumptions


@pytest.mark.parametrize("name", OPTIONS)
def test_each_value_is_taken_and_told(name: str) -> None:
    option = OPTIONS[name]
    others = {other for other in OPTIONS if other != name}
    for word in option.words:
        described = dict(s.split("=") for s in assume(Assumptions(), f"{name}={word}").described())
        assert described[name] == word
        assert {other: described[other] for other in others} == {
            other: OPTIONS[other].default for other in others
        }


@pytest.mark.parametrize("name", OPTIONS)
def test_each_names_its_rule_and_says_what_it_means(name: str) -> None:
    option = OPTIONS[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+|enforcer", name)
    assert re.fullmatch(r"(NP|SVC|ING|EXT|UNK)-\d+(, (NP|SVC|ING|EXT|UNK)-\d+)*|J", option.rule)
    assert re.fullmatch(r"[A-Z][^.]*\.|kube-proxy [^.]*\.", option.says)
    assert len(option.words) > 1 or option.form


@pytest.mark.parametrize("name", OPTIONS)
def test_what_is_none_of_its_values_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=f"{name} must be one of "):
        assume(Assumptions(), f"{name}=?")
