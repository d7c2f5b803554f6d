"""The ledger: what opens, what closes, and since when."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reachaudit.findings.finding import Finding, Severity
from reachaudit.findings.ledger import Ledger, Transition
from reachaudit.model.names import Ref


def finding(name: str, severity: Severity = Severity.MEDIUM, target: str = "") -> Finding:
    return Finding("RA022", severity, Ref("Service", "shop", name), "so", "mend", target=target)


A, B = finding("a"), finding("b")


def settle(ledger: Ledger, found: Iterable[Finding], now: float) -> list[Transition]:
    """Everything was judged again, and this was found."""
    return ledger.settle([entry.finding for entry in ledger.open()], found, now)


def test_what_was_not_judged_again_stays() -> None:
    ledger = Ledger()
    settle(ledger, [A, B], 1.0)
    assert told(ledger.settle([A], [], 2.0)) == [("closed", "a")]
    assert [entry.finding for entry in ledger.open()] == [B]


def told(transitions: list[Transition]) -> list[tuple[str, str]]:
    return [(each.kind, each.finding.cause.name) for each in transitions]


def test_each_transition_is_told_once() -> None:
    ledger = Ledger()
    assert told(settle(ledger, [A], 1.0)) == [("opened", "a")]
    assert told(settle(ledger, [A], 2.0)) == []
    assert told(settle(ledger, [B], 3.0)) == [("closed", "a"), ("opened", "b")]
    assert told(settle(ledger, [], 4.0)) == [("closed", "b")]
    assert not ledger.open()


def test_what_stays_open_keeps_its_time_and_takes_the_newest_words() -> None:
    ledger = Ledger()
    settle(ledger, [A], 1.0)
    worse = replace(A, severity=Severity.HIGH, message="so, and worse")
    assert settle(ledger, [worse], 2.0) == []
    [entry] = ledger.open()
    assert (entry.finding, entry.since) == (worse, 1.0)
    [closed] = settle(ledger, [], 3.0)
    assert closed.finding == worse


def test_what_opens_again_begins_anew() -> None:
    ledger = Ledger()
    for now, found in ((1.0, [A]), (2.0, []), (3.0, [A])):
        settle(ledger, found, now)
    assert [entry.since for entry in ledger.open()] == [3.0]


def test_targets_tell_findings_of_one_cause_apart() -> None:
    ledger = Ledger()
    both = [finding("a", target="ingress"), finding("a", target="egress")]
    assert told(settle(ledger, both, 1.0)) == [("opened", "a")] * 2
    assert told(settle(ledger, both[:1], 2.0)) == [("closed", "a")]


def test_the_worst_comes_first() -> None:
    ledger = Ledger()
    findings = [finding(each.value, each) for each in Severity]
    settle(ledger, reversed(findings), 1.0)
    assert [entry.finding for entry in ledger.open()] == findings


@given(st.lists(st.frozensets(st.sampled_from("abcdef"))))
def test_what_is_open_hangs_on_the_last_state_alone(states: list[frozenset[str]]) -> None:
    """And the transitions lead from each state to the next."""
    ledger, before = Ledger(), frozenset[str]()
    for now, state in enumerate(states):
        transitions = told(settle(ledger, map(finding, sorted(state)), float(now)))
        assert [entry.finding.cause.name for entry in ledger.open()] == sorted(state)
        assert transitions == [
            *(("closed", name) for name in sorted(before - state)),
            *(("opened", name) for name in sorted(state - before)),
        ]
        before = state
