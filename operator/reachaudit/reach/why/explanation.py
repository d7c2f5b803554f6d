"""Explanations: why somebody reaches something or not, port by port, and what would flip it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from reachaudit.model.ip import Family
from reachaudit.model.store import Facts
from reachaudit.reach.caveats import caveats
from reachaudit.reach.ends import Group, Target, source, target
from reachaudit.reach.exposure import Exposure
from reachaudit.reach.named import Named
from reachaudit.reach.ports import Span, spans_between
from reachaudit.reach.questions import Question, pairs
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.request import Request
from reachaudit.reach.standing import Standing
from reachaudit.reach.verdict import Judgement, Outcome, PathVerdict, no_path
from reachaudit.reach.why.asked import Asked
from reachaudit.reach.why.endpoints import lack_of
from reachaudit.reach.why.flips import Flip, Flips, goals
from reachaudit.reach.why.hops import Hop, hop_of
from reachaudit.reach.why.needs import ENDPOINTS, EVIDENCE, Kind, Need, need
from reachaudit.reach.why.rests import Rest, Rests
from reachaudit.reach.zones import zone_of
from reachaudit.settings import Assumptions

Ports = Span | Literal["other protocols"]
_Pieces = tuple[Span | None, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to questions and spans of ports that fare alike for the same reasons.

    `verdict` and `hops` are those of the first question and span. `flips` lead to what is open or
    shut; a goal that none leads to has a need. `evidence`: what would settle an UNKNOWN. `ways_in`:
    where clients outside have no route, the ways that there are from their zone. `caveats`: what
    may yet stop what is open.
    """

    family: Family
    asked: Asked
    verdict: PathVerdict
    hops: tuple[Hop, ...] = ()
    rests: tuple[Rest, ...] = ()
    flips: tuple[Flip, ...] = ()
    needs: tuple[Need, ...] = ()
    evidence: str = ""
    ways_in: tuple[Exposure, ...] = ()
    caveats: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """ALLOW, DENY, UNKNOWN, NO_PATH or PARTIAL."""
        return self.verdict.outcome


@dataclass(frozen=True, slots=True)
class Explanation:
    """All answers to one question by names; what is asked of `source` and `target`."""

    source: Group
    target: Target
    answers: tuple[Answer, ...]


class Explainer:
    """Explains one state; what is worked out once serves all its questions."""

    def __init__(self, facts: Facts, assumptions: Assumptions) -> None:
        self.reach = Reachability(facts, assumptions)
        self.reach.identity.telling.one_by_one = True
        self._flips = Flips(self.reach)
        self._rests = Rests(self._flips.trial.itself)

    def explain(
        self,
        source_name: str,
        target_name: str,
        ports: Ports | None = None,
        families: Iterable[Family] | None = None,
    ) -> Explanation:
        """Why `source_name` reaches `target_name` or not (see `reach.ends` for names).

        `ports` are on the line, or those are meant that have no ports; without `ports`, all that
        differ are answered. Without `families`, those that both have. Raises EndError.
        """
        sending, reached = source(source_name, self.reach), target(target_name, self.reach)
        questions = list(pairs(self.reach, sending, reached, families))
        grouped = _grouped(self._flips.trial.itself, questions, ports)
        answers = [self._answer(family, asked) for family, asked in grouped]
        if not answers:
            spans = (ports,) if isinstance(ports, Span) else ()
            answers = [_nowhere(self.reach, sending, reached, spans)]
        return Explanation(sending, reached, tuple(answers))

    def _answer(self, family: Family, asked: Asked) -> Answer:
        question, port = asked.questions[0], asked.ports[0]
        verdict = _with_lack(self.reach, asked, question.ask(self.reach, port))
        hops = _hops(self.reach, question, verdict, asked.spans)
        flips, needs = list[Flip](), list[Need]()
        for goal in goals(verdict.outcome):
            found = self._flips.of(asked, goal)
            flips += found
            needs += [] if found else [need(asked, verdict, hops, goal)]
        unsure = verdict.reason if verdict.outcome is Outcome.UNKNOWN else None
        evidence = EVIDENCE[unsure] if unsure else ""
        unrouted = any(need.kind is Kind.NOT_ROUTED for need in needs)
        return Answer(
            family,
            asked,
            verdict,
            hops,
            self._rests.of(asked),
            tuple(flips),
            tuple(needs),
            evidence,
            tuple(_ways_in(self._flips.trial.itself, asked)) if unrouted else (),
            caveats(self.reach.facts, verdict),
        )


def _grouped(
    reach: Reachability, questions: Iterable[Question], ports: Ports | None
) -> Iterator[tuple[Family, Asked]]:
    """Questions with the spans of ports that fare alike, and for the same reasons."""
    alike: defaultdict[tuple[Family, object, _Pieces], list[Question]] = defaultdict(list)
    for question in questions:
        pieces: defaultdict[object, list[Span | None]] = defaultdict(list)
        for piece in _pieces(reach, question, ports):
            pieces[_evidence(reach, question, piece)].append(piece)
        for key, own in pieces.items():
            alike[question.source.family, key, tuple(own)].append(question)
    for (family, _, spans), together in alike.items():
        yield family, Asked(tuple(together), _merged(spans))


def _pieces(reach: Reachability, question: Question, ports: Ports | None) -> Iterable[Span | None]:
    """Spans of ports on each of which all fare alike; of a single port, it, served or not."""
    if ports is None or isinstance(question.target, Request):
        return question.spans(reach) or spans_between(())  # where nothing listens, all fare alike
    if not isinstance(ports, Span):
        return [None]
    if ports.first == ports.last:
        return [ports]
    both = (_overlap(span, ports) for span in question.spans(reach))
    return [span for span in both if span.first <= span.last] or [Span(ports.first, ports.first)]


def _overlap(one: Span, other: Span) -> Span:
    return Span(max(one.first, other.first), min(one.last, other.last))


def _merged(pieces: _Pieces) -> tuple[Span, ...]:
    """Neighbours that fare alike, as one."""
    found = list[Span]()
    for span in pieces:
        if found and span and found[-1].last + 1 == span.first:
            found[-1] = Span(found[-1].first, span.last)
        elif span:
            found.append(span)
    return tuple(found)


def _evidence(reach: Reachability, question: Question, piece: Span | None) -> object:
    """All that an explanation says of a verdict, but for the names of pods that are alike."""
    port = piece.first if piece else None
    asked = Asked((question,), (piece,) if piece else ())
    verdict = _with_lack(reach, asked, question.ask(reach, port))
    hops = _hops(reach, question, verdict)
    ways = frozenset((hop.way.leg, hop.way.value, _becomes(hop, port), _said(hop)) for hop in hops)
    return verdict.outcome, verdict.reason, verdict.note, ways


def _becomes(hop: Hop, port: int | None) -> int | None:
    """Where a port is rewritten, the one that it becomes."""
    return None if hop.way.port == port else hop.way.port


def _said(hop: Hop) -> object:
    return tuple((t.side.value, t.side.policies, t.clauses, t.because) for t in hop.sides)


def _hops(
    reach: Reachability, question: Question, verdict: PathVerdict, spans: tuple[Span, ...] = ()
) -> tuple[Hop, ...]:
    """The ways of a path; with the rules that nearly allow them on some spans of ports."""
    return tuple(
        hop_of(reach, way, rewritten=_is_rewritten(reach, question, way), spans=spans)
        for way in verdict.ways
    )


def _is_rewritten(reach: Reachability, question: Question, way: Judgement) -> bool:
    """Whether a Service's address, or a host port, is what was dialled."""
    if isinstance(question.target, Request) and way.leg:
        return False
    if isinstance(question.target, Standing):
        return way.target not in question.target.spot.parties(reach)
    return not isinstance(question.target, Named) or not _is_plain_name(reach, question.target)


def _is_plain_name(reach: Reachability, named: Named) -> bool:
    """Whether DNS alone leads from the name to whom is dialled (SVC-16, SVC-17)."""
    found = named.services(reach, None)
    return any(service.headless or service.type == "ExternalName" for service in found)


def _with_lack(reach: Reachability, asked: Asked, verdict: PathVerdict) -> PathVerdict:
    """Where a Service has nobody to forward to, with the reason."""
    if verdict.outcome is not Outcome.NO_PATH or not ENDPOINTS & set(verdict.rules):
        return verdict
    family = asked.questions[0].source.family
    lacks = (lack_of(reach, asked, service, family) for service in asked.services(reach))
    return replace(verdict, note=": ".join(filter(None, (verdict.note, "; ".join(lacks)))))


def _ways_in(reach: Reachability, asked: Asked) -> Iterator[Exposure]:
    """How else clients of the zone come to the workloads that are asked about."""
    workloads = {reach.identity.workloads[pod.ref] for pod in asked.pods_reached(reach)}
    addresses = [c.address for q in asked.questions for c in q.source.parties(reach)]
    zones = {zone_of(address) for address in addresses}
    family = asked.questions[0].source.family
    for exposure in reach.exposures:
        if exposure.workload in workloads and exposure.zone in zones and exposure.family == family:
            yield exposure


def _nowhere(
    reach: Reachability, sending: Group, reached: Target, spans: tuple[Span, ...]
) -> Answer:
    """Where no question can be asked: an end is nowhere, or the ends have no family in common."""
    absent = (*sending.absent, *(reached.group.absent if reached.group else ()))
    if absent:
        verdict = no_path("; ".join(absent), "NP-49")
        text = "A pod must run there and have an address."
    else:
        own = {spot.family for spot in sending.spots}
        others = {f for each in reached.destinations for f in each.families(reach)}
        told = f"{sending.name} has {_listed(own)}, {reached.name} {_listed(others)}"
        verdict = no_path(f"they have no family in common: {told}", "NP-50")
        text = "Both ends need an address of one family."
    needed = Need("open", Kind.NOBODY, text, verdict.rules)
    return Answer("IPv4", Asked((), spans), verdict, needs=(needed,))


def _listed(families: Iterable[Family]) -> str:
    return " and ".join(sorted(families)) or "no address"
