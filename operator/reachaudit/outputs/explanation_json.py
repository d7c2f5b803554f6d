"""An explanation for tools: `docs/schemas/explain.v1.json` describes it."""

import json
from collections.abc import Iterable

from reachaudit.outputs.finding_json import Json, ref_json
from reachaudit.outputs.text import safe
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span, by_protocol, protocol_and_number
from reachaudit.reach.why import names
from reachaudit.reach.why.edits import Edit
from reachaudit.reach.why.explanation import Answer, Explanation
from reachaudit.reach.why.flips import Flip
from reachaudit.reach.why.hops import Hop, Told
from reachaudit.reach.why.needs import Need

SCHEMA = "reachaudit.explain/v1"


def explanation_json(
    explanation: Explanation, assumptions: Iterable[str], problems: Iterable[str]
) -> str:
    """The whole document."""
    document = {
        "schema": SCHEMA,
        "from": safe(explanation.source.name),
        "to": safe(explanation.target.name),
        "answers": [_answer(explanation, answer) for answer in explanation.answers],
        "assumptions": [safe(each) for each in assumptions],
        "problems": list(problems),
    }
    return json.dumps(document, indent=2)


def _answer(explanation: Explanation, answer: Answer) -> Json:
    verdict = answer.verdict
    reason = verdict.reason.value if answer.outcome.value == "UNKNOWN" and verdict.reason else None
    return {
        "verdict": answer.outcome.value,
        "reason": reason,
        "from": [safe(name) for name in names.sources(explanation, answer)],
        "to": [safe(name) for name in names.targets(explanation, answer)],
        "family": answer.family,
        "ports": _ports(answer.asked.spans),
        "note": safe(verdict.note),
        "rules": list(verdict.rules),
        "hops": [_hop(hop) for hop in answer.hops],
        "rests": [
            {"assumption": r.held, "instead": r.instead, "verdicts": [o.value for o in r.outcomes]}
            for r in answer.rests
        ],
        "flips": [_flip(flip) for flip in answer.flips],
        "needs": [_need(need) for need in answer.needs],
        "evidence": answer.evidence,
        "caveats": list(answer.caveats),
        "waysIn": [
            {"by": ref_json(way.by), "way": safe(way.way), "verdict": way.verdict.outcome.value}
            for way in answer.ways_in
        ],
    }


def _ports(spans: Iterable[Span]) -> list[Json]:
    """By protocol; none for protocols without ports."""
    found: dict[str, list[list[int]]] = {}
    for span in spans:
        given = protocol_and_number(span.first)
        pieces = by_protocol(span) or [(given[0], 0, 0)]  # SOME_PORT
        for protocol, first, last in pieces:
            found.setdefault(protocol, []).append([first, last])
    return [{"protocol": protocol, "ranges": ranges} for protocol, ranges in found.items()]


def _hop(hop: Hop) -> Json:
    way = hop.way
    dialled = {"to": _party(way.dialled[0]), **_port(way.dialled[1])} if way.dialled else None
    return {
        "connection": way.leg + 1,
        "from": _party(way.source),
        "seenAs": _party(way.seen),
        "to": _party(way.target),
        **_port(way.port),
        "dialled": dialled,
        "rewrittenOn": safe(hop.on),
        "verdict": way.value.name,
        "egress": _side(hop.egress),
        "ingress": _side(hop.ingress),
        "rules": list(hop.rules),
    }


def _party(party: Party) -> Json:
    return {
        "pod": safe(f"{party.pod.namespace}/{party.pod.name}") if party.pod else "",
        "node": safe(party.node),
        "address": str(party.address) if party.address.placed else "",
    }


def _port(port: int | None) -> Json:
    if port is None:
        return {"port": None, "protocol": None}
    protocol, number = protocol_and_number(port)
    return {"port": number, "protocol": protocol}


def _side(told: Told) -> Json:
    return {
        "verdict": told.side.value.name,
        "because": safe(told.because),
        "isolatedBy": [ref_json(ref) for ref in told.side.policies],
        "allowedBy": [{"policy": ref_json(c.policy), "field": c.field} for c in told.clauses],
        "near": [
            {"policy": ref_json(n.policy), "field": n.field, "why": safe(n.why)} for n in told.near
        ],
        "rules": list(told.rules),
    }


def _flip(flip: Flip) -> Json:
    return {
        "becomes": flip.becomes.value,
        "gained": flip.gained,
        "lost": flip.lost,
        "changes": [_edit(edit) for edit in flip.edits],
    }


def _edit(edit: Edit) -> Json:
    action = "create" if edit.old is None else "delete" if edit.new is None else "change"
    return {
        "object": ref_json(edit.ref),
        "action": action,
        "fields": [{"action": p.action, "field": p.field, "value": p.value} for p in edit.parts],
        "manifest": edit.manifest,
    }


def _need(need: Need) -> Json:
    return {
        "goal": need.goal,
        "kind": need.kind.value,
        "text": safe(need.text),
        "rules": list(need.rules),
    }
