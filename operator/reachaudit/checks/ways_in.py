"""Words for ways in from outside, and how much they weigh."""

from collections.abc import Sequence

from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Severity
from reachaudit.reach.explain import isolated, opened_by, shut_by, target_text
from reachaudit.reach.exposure import Exposure
from reachaudit.reach.judge import Judge
from reachaudit.reach.verdict import Judgement, Outcome

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
        doubt = any(
            way.verdict.outcome is Outcome.UNKNOWN for way in ways if way.zone == "internet"
        )
        more = ", and whether the internet does is UNKNOWN" if doubt else ""
        return f"private networks reach {names}{more}", usual
    if any(way.verdict.outcome is Outcome.UNKNOWN for way in ways):
        reasons = {w.verdict.reason.value for w in ways if w.verdict.reason is not None}
        return f"who gets through is UNKNOWN ({', '.join(sorted(reasons))})", usual
    return "policies let nobody outside through", Severity.LOW


def paths_of(ways: Sequence[Exposure], view: View) -> tuple[str, ...]:
    """The ways hop by hop with what decides each, open ones first, a few."""
    ordered = sorted(ways, key=lambda way: not way.open)
    return tuple(dict.fromkeys(_path(way, view.reach.judge) for way in ordered))[:_SHOWN]


def _path(way: Exposure, judge: Judge) -> str:
    """A client outside is named by its zone: its address is only one of many."""
    outcome, hops = way.verdict.outcome.value, way.verdict.ways
    if not hops:
        return f"{outcome}: {way.zone} → {way.way} → {way.workload}: {way.verdict.note}"
    return f"{outcome}: {way.zone} → {way.way} → {target_text(hops[-1])}: {_why(hops[-1], judge)}"


def _why(hop: Judgement, judge: Judge) -> str:
    """The rule that opens the last hop, or the policies that shut it."""
    shut = "; ".join(map(str, shut_by(judge, hop)))
    opened = some(map(str, opened_by(judge, hop)))
    if shut:
        return shut
    if hop.reason is not None:
        return f"UNKNOWN ({hop.reason.value})"
    if opened:
        return f"allowed by {opened}"
    return "passes though isolated" if isolated(judge, hop) else "nothing isolates it"
