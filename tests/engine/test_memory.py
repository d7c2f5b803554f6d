"""What is news to an audit that goes on."""

import pytest

from reachaudit.findings.finding import Finding, Severity
from reachaudit.findings.ledger import Entry, Ledger, Transition
from reachaudit.findings.memory import Memory, News, news
from reachaudit.model.names import Ref


def finding(name: str, check: str = "RA022") -> Finding:
    return Finding(check, Severity.LOW, Ref("Service", "shop", name), "It is so.", "Mend it.")


def memory(*names: str) -> Memory:
    return Memory(100.0, frozenset({"RA022"}), {finding(name).fingerprint: 1.0 for name in names})


def standing(*findings: Finding) -> list[Entry]:
    return [Entry(each, 200.0) for each in findings]


def opened(name: str) -> Transition:
    return Transition("opened", finding(name))


def closed(name: str) -> Transition:
    return Transition("closed", finding(name))


def test_what_was_told_is_no_news() -> None:
    assert news(memory("a", "b"), standing(finding("a"), finding("b")), []) == News((), 0)


def test_what_opened_while_nobody_watched_is_told() -> None:
    assert news(memory("a"), standing(finding("a"), finding("b")), []) == News((opened("b"),), 0)


def test_what_closed_while_nobody_watched_is_counted() -> None:
    assert news(memory("a", "b"), standing(finding("b")), []) == News((), 1)


@pytest.mark.parametrize(
    "seen",
    [
        (closed("a"),),
        (opened("c"),),
        (opened("c"), closed("c")),
        (closed("a"), opened("a")),
    ],
)
def test_what_was_seen_is_told_as_it_was_seen(seen: tuple[Transition, ...]) -> None:
    """Whether it was told before, the API server knows."""
    now = {"a", "b"}
    for each in seen:
        name = each.finding.cause.name
        now = now | {name} if each.kind == "opened" else now - {name}
    assert news(memory("a", "b"), standing(*map(finding, sorted(now))), seen) == News(seen, 0)


def test_what_a_check_finds_that_there_was_not_is_no_news() -> None:
    assert news(memory(), standing(finding("a", "RA999")), []) == News((), 0)


def test_the_ledger_takes_over_since_when_findings_are_open() -> None:
    ledger = Ledger()
    ledger.settle([], [finding("a"), finding("b")], 50.0)
    ledger.recall({finding("a").fingerprint: 7.0, finding("gone").fingerprint: 8.0})
    assert {e.finding.cause.name: e.since for e in ledger.open()} == {"a": 7.0, "b": 50.0}
