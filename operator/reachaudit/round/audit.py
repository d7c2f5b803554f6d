"""One state audited on its own, as the operator's first round would."""

from collections.abc import Iterable

from reachaudit.findings.finding import Finding
from reachaudit.model.facts import Fact
from reachaudit.model.store import Change
from reachaudit.round.pipeline import Pipeline
from reachaudit.settings import Assumptions


def audit(
    facts: Iterable[Fact], assumptions: Assumptions, excluded: frozenset[str]
) -> tuple[Finding, ...]:
    """All findings, the worst first; `excluded` are namespaces that are left out."""
    pipeline = Pipeline(assumptions, excluded, clock=lambda: 0.0, timer=lambda: 0.0)
    first = pipeline.run([Change(fact.ref, None, fact, 0.0) for fact in facts])
    return tuple(entry.finding for entry in first.open)
