"""Words for ways in from outside, and how much they weigh."""

from collections.abc import Sequence

from reachaudit.checks.words import some
from reachaudit.findings.finding import Severity
from reachaudit.reach.explain import target_text
from reachaudit.reach.exposure import Exposure
from reachaudit.reach.verdict import Outcome

_SHOWN = 4


def openness(ways: Sequence[Exposure], usual: Severity) -> tuple[str, Severity]:
    """Who gets through, in words, and how grave it is: the internet is worse than a private net."""
    open_ways = [way for way in ways if way.open]
    internet = [way for way in open_ways if way.zone == "internet"]
    if internet:
        names = some(str(way.workload) for way in internet)
        return f"the internet reaches {names}", Severity.HIGH
    if open_ways:
        names = some(str(way.workload) for way in open_ways)
        return f"private networks reach {names}", usual
    if any(way.verdict.outcome is Outcome.UNKNOWN for way in ways):
        reasons = {w.verdict.reason.value for w in ways if w.verdict.reason is not None}
        return f"who gets through is UNKNOWN ({', '.join(sorted(reasons))})", usual
    return "policies let nobody outside through", Severity.LOW


def paths_of(ways: Sequence[Exposure]) -> tuple[str, ...]:
    """The ways hop by hop, open ones first, a few."""
    ordered = sorted(ways, key=lambda way: not way.open)
    return tuple(dict.fromkeys(map(_path, ordered)))[:_SHOWN]


def _path(way: Exposure) -> str:
    """A client outside is named by its zone: its address is only one of many."""
    hops = way.verdict.ways
    last = target_text(hops[-1]) if hops else str(way.workload)
    return f"{way.verdict.outcome.value}: {way.zone} → {way.way} → {last}"
