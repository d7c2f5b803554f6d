"""The engine's answers to the questions that case files ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.answers import Implementation
from cases.apiobject import API_VERSIONS
from cases.casefile import Finding, Opening
from reachaudit.checks.catalogue import CATALOGUE
from reachaudit.checks.check import units
from reachaudit.checks.view import View
from reachaudit.model.facts import PROTOCOLS
from reachaudit.model.kinds import KINDS
from reachaudit.model.store import Facts
from reachaudit.reach import ends
from reachaudit.reach.ports import position
from reachaudit.reach.questions import pairs
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome, Value
from reachaudit.settings import SYSTEM_NAMESPACES, Assumptions, assume

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cases.apiobject import Object
    from cases.casefile import Step
    from reachaudit.findings import finding
    from reachaudit.model.facts import Fact
    from reachaudit.model.ip import Family
    from reachaudit.reach.questions import Question
    from reachaudit.reach.verdict import PathVerdict

FAMILIES: dict[str, Family] = {"v4": "IPv4", "v6": "IPv6"}
_SHORT = {family: name for name, family in FAMILIES.items()}
_PLAIN = {Outcome.ALLOW: ".", Outcome.NO_PATH: "-", Outcome.PARTIAL: "%", Outcome.UNKNOWN: "?"}


def engine() -> Implementation:
    """The engine, with an answer to every table and findings by every check."""
    return Implementation(
        answers=lambda step: EngineAnswers(step.objects, step.assumptions),
        covers=lambda _step, _table: True,
        findings=_findings,
        openings=_openings,
    )


def _findings(step: Step) -> list[Finding]:
    found = findings_of(EngineAnswers(step.objects, step.assumptions).reach)
    return [Finding(each.check, *each.cause, each.severity.value) for each in found]


def _openings(step: Step) -> list[Opening]:
    reach = EngineAnswers(step.objects, step.assumptions).reach
    found = [
        Opening(e.zone, _SHORT[e.family], letter(e.verdict), str(e.by), e.way, str(e.workload))
        for e in reach.exposures
    ]
    on_nodes = reach.node_exposures
    return found + [
        Opening(e.zone, _SHORT[e.family], ".", str(e.by), e.way, "nodes") for e in on_nodes
    ]


def findings_of(reach: Reachability) -> list[finding.Finding]:
    """All findings of all checks in one state."""
    view = View(reach, SYSTEM_NAMESPACES)
    return [
        found
        for check in CATALOGUE
        for unit in units(check, reach.facts)
        for found in check.judge(unit, view)
    ]


def read_facts(objects: Iterable[Mapping[str, object]]) -> list[Fact]:
    """API objects as facts; what cannot be read is left out."""
    kinds = {(kind.group, kind.name.partition(".")[0]): kind for kind in KINDS}
    known = ((kinds.get(_group_and_kind(obj)), obj) for obj in objects)
    items = (kind.parse(obj) for kind, obj in known if kind is not None)
    return [item.fact for item in items if item.fact is not None]


def _group_and_kind(obj: Mapping[str, object]) -> tuple[str, str]:
    """Vendors have NetworkPolicies too: a kind alone is one of Kubernetes' own."""
    kind = str(obj["kind"])
    return str(obj.get("apiVersion", API_VERSIONS.get(kind))).rpartition("/")[0], kind


def assumptions_of(settings: Mapping[str, str]) -> Assumptions:
    """Assumptions of a case."""
    result = Assumptions()
    for name, value in settings.items():
        result = assume(result, f"{name}={value}")
    return result


class EngineAnswers:
    """One state of a case, asked cell by cell."""

    def __init__(self, objects: Sequence[Object], assumptions: Mapping[str, str]) -> None:
        self.reach = Reachability(Facts(read_facts(objects)), assumptions_of(assumptions))

    def cell(
        self, source: str, destination: str, port: int | None, protocol: str, family: str
    ) -> str:
        asked = self.questions(source, destination, family)
        letters = {letter(q.ask(self.reach, line(port, protocol))) for q in asked}
        return letters.pop() if len(letters) == 1 else "?" if letters else "-"

    def questions(self, source: str, destination: str, family: str) -> list[Question]:
        """The questions that a cell asks: none where an end is nowhere."""
        sending, reached = ends.source(source, self.reach), ends.target(destination, self.reach)
        return list(pairs(self.reach, sending, reached, [FAMILIES[family]]))


def line(port: int | None, protocol: str) -> int | None:
    """A port where it stands on the line."""
    return None if port is None else position(next(p for p in PROTOCOLS if p == protocol), port)


def letter(verdict: PathVerdict) -> str:
    """The cell's letter."""
    if verdict.outcome is not Outcome.DENY:
        return _PLAIN[verdict.outcome]
    egress = any(way.egress is Value.DENY for way in verdict.ways)
    ingress = any(way.ingress is Value.DENY for way in verdict.ways)
    return {(True, True): "x", (True, False): "e"}.get((egress, ingress), "i")
