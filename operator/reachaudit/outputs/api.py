"""What the audit knows, as JSON for people's tools: `/api/v1/findings`, `/api/v1/rounds`.

It is a map for attackers, so it is off by default and listens on loopback only.
"""

from collections import deque
from datetime import UTC, datetime

import msgspec

from reachaudit.findings.finding import Finding
from reachaudit.findings.ledger import Entry
from reachaudit.model.names import Ref
from reachaudit.outputs.text import safe
from reachaudit.reach.delta import Flow
from reachaudit.round.pipeline import Round

ROUNDS_KEPT = 100
FLOWS_SHOWN = 200

Json = dict[str, object]


class State:
    """The last rounds, and the JSON documents made of them on demand."""

    def __init__(self) -> None:
        self._rounds: deque[tuple[int, Round, float]] = deque(maxlen=ROUNDS_KEPT)
        self._number = 0

    def take(self, result: Round, delay: float) -> None:
        """Add a round; `delay`: seconds from its first change's arrival to its verdict."""
        self._number += 1
        self._rounds.append((self._number, result, delay))

    def findings(self) -> bytes:
        """`{"schema", "findings": [{"check", "severity", "cause", …, "since"}]}`, worst first."""
        entries = self._rounds[-1][1].open if self._rounds else ()
        listed = [_entry(entry) for entry in entries]
        return _document("reachaudit.findings/v1", findings=listed)

    def rounds(self) -> bytes:
        """`{"schema", "rounds": [{"number", "opened", "closed", "gained", "lost", …}]}`.

        Flows are counted whole and listed up to a bound.
        """
        listed = [_round(*kept) for kept in self._rounds]
        return _document("reachaudit.rounds/v1", rounds=listed)


def _document(schema: str, **parts: object) -> bytes:
    return msgspec.json.encode({"schema": schema, **parts})


def _entry(entry: Entry) -> Json:
    since = datetime.fromtimestamp(entry.since, UTC).isoformat(timespec="seconds")
    return {**_finding(entry.finding), "since": since}


def _finding(finding: Finding) -> Json:
    return {
        "fingerprint": finding.fingerprint,
        "check": finding.check,
        "severity": finding.severity.value,
        "cause": _ref(finding.cause),
        "field": finding.field,
        "target": safe(finding.target),
        "message": safe(finding.message),
        "fix": safe(finding.fix),
        "path": [safe(hop) for hop in finding.path],
        "rules": list(finding.rules),
    }


def _ref(ref: Ref) -> Json:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _round(number: int, result: Round, delay: float) -> Json:
    by_kind = {
        kind: [_finding(t.finding) for t in result.transitions if t.kind == kind]
        for kind in ("opened", "closed")
    }
    return {
        "number": number,
        "baseline": result.baseline,
        "changes": len(result.arrivals),
        "delaySeconds": delay,
        "stageSeconds": result.stages,
        **(by_kind if not result.baseline else {"opened": [], "closed": []}),
        "gained": _flows(result.delta.gained),
        "lost": _flows(result.delta.lost),
    }


def _flows(flows: tuple[Flow, ...]) -> Json:
    return {"count": len(flows), "flows": [safe(str(flow)) for flow in flows[:FLOWS_SHOWN]]}
