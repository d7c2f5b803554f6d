"""What may be assumed: one table, from which all that is said about it comes."""

from __future__ import annotations

import re

import pytest

from reachaudit.settings import (
    OPTIONS,
    Assumptions,
    ControllerPods,
    SettingError,
    assume,
    controller_pods,
)


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
    assert re.fullmatch(r"(NP|SVC|ING|EXT|UNK)-\d+(, (NP|SVC|ING|EXT|UNK)-\d+)*", option.rule)
    assert re.fullmatch(r"[A-Z][^.]*\.|kube-proxy [^.]*\.", option.says)
    assert len(option.words) > 1 or option.form


@pytest.mark.parametrize("name", OPTIONS)
def test_what_is_none_of_its_values_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=f"{name} must be one of "):
        assume(Assumptions(), f"{name}=?")


@pytest.mark.parametrize(
    ("setting", "described"),
    [
        ("pod-ranges=10.244.0.0/16", "pod-ranges=10.244.0.0/16"),
        ("pod-ranges=10.0.0.0/24,FD00::/8", "pod-ranges=10.0.0.0/24,fd00::/8"),
        ("classless-ingress=edge", "classless-ingress=edge"),
        ("ingress-controllers=a:n/k=v", "ingress-controllers=a:n/k=v"),
        ("ingress-controllers=a:n/x.y/k=v,b=;c:m/k=", "ingress-controllers=a:n/b=,x.y/k=v;c:m/k="),
    ],
)
def test_values_of_the_users_own_are_told_in_one_way_of_writing(
    setting: str, described: str
) -> None:
    assumptions = assume(Assumptions(), setting)
    assert described in assumptions.described()
    assert assume(Assumptions(), described) == assumptions


@pytest.mark.parametrize(
    "setting",
    [
        "pod-ranges=",
        "pod-ranges=10.0.0.1/24",
        "pod-ranges=10.0.0.0/24,",
        "pod-ranges=unknown,10.0.0.0/24",
        "classless-ingress=Edge",
        "classless-ingress=",
        "ingress-controllers=edge",
        "ingress-controllers=edge:ic",
        "ingress-controllers=edge:ic/app",
        "ingress-controllers=edge:ic/=v",
        "ingress-controllers=edge:ic/a=b;",
        "ingress-controllers=edge:ic/a=b,",
        "ingress-controllers=:ic/a=b",
    ],
)
def test_what_cannot_be_meant_is_refused(setting: str) -> None:
    with pytest.raises(SettingError, match=f"{setting.partition('=')[0]} must be one of "):
        assume(Assumptions(), setting)


def test_who_serves_a_class_is_read() -> None:
    assert controller_pods("found") == []
    assert controller_pods("a:n/k=v,app.io/x=y;b:m/c=") == [
        ControllerPods("a", "n", (("app.io/x", "y"), ("k", "v"))),
        ControllerPods("b", "m", (("c", ""),)),
    ]
