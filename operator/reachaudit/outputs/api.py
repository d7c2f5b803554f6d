"""What the audit knows, as JSON for people's tools: `/api/v1/findings`, `/api/v1/rounds`.

It is a map for attackers, so it is off by default and listens on loopback only.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice

import msgspec

from reachaudit.findings.ledger import Entry
from reachaudit.outputs.finding_json import Json, finding_json, ref_json
from reachaudit.outputs.text import safe
from reachaudit.reach.delta import FlowSet, lines
from reachaudit.round.pipeline import Round

WAIT_SECONDS = 20.0
ROUNDS_KEPT = 100
FLOWS_SHOWN = CHANGES_SHOWN = 200


class State:
    """What is open and what the last rounds told, as JSON; no more is kept of a round."""

    def __init__(self) -> None:
        self._open: tuple[Entry, ...] = ()
        self._rounds: deque[tuple[int, Json]] = deque(maxlen=ROUNDS_KEPT)
        self._number = 0
        self._grown = asyncio.Event()

    def take(self, result: Round, finished: float) -> None:
        """Add a round; `finished`: monotonic, as the arrivals of its changes are."""
        self._number += 1
        self._open = result.open
        self._rounds.append((self._number, _round(self._number, result, finished)))
        self._grown.set()
        self._grown = asyncio.Event()

    async def wait_for_round_after(self, number: int) -> None:
        """Return once there is a later round, or after a while without one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                while self._number <= number:
                    await self._grown.wait()

    def findings(self) -> bytes:
        """`{"schema", "findings": [{"check", "severity", "cause", …, "since"}]}`, worst first."""
        return _document("reachaudit.findings/v1", findings=[_entry(e) for e in self._open])

    def rounds(self, after: int = 0) -> bytes:
        """`{"schema", "rounds": [{"number", "changed", "opened", "closed", "gained", "lost", …}]}`.

        Flows are counted by protocol, and listed by pair up to a bound.
        """
        listed = [told for number, told in self._rounds if number > after]
        return _document("reachaudit.rounds/v1", rounds=listed)


def _document(schema: str, **parts: object) -> bytes:
    return msgspec.json.encode({"schema": schema, **parts})


def _entry(entry: Entry) -> Json:
    since = datetime.fromtimestamp(entry.since, UTC).isoformat(timespec="seconds")
    return {**finding_json(entry.finding), "since": since}


def _round(number: int, result: Round, finished: float) -> Json:
    transitions = () if result.baseline else result.transitions
    return {
        "number": number,
        "baseline": result.baseline,
        "changed": [
            {**ref_json(change.ref), "seconds": finished - change.arrived}
            for change in result.changes[:CHANGES_SHOWN]
        ],
        "changes": len(result.changes),
        "stageSeconds": result.stages,
        "opened": [finding_json(t.finding) for t in transitions if t.kind == "opened"],
        "closed": [finding_json(t.finding) for t in transitions if t.kind == "closed"],
        "gained": _flows([delta.gained for delta in result.deltas]),
        "lost": _flows([delta.lost for delta in result.deltas]),
        "unsure": _flows([delta.unsure for delta in result.deltas]),
        "deltas": [
            {
                "cause": ref_json(delta.cause) if delta.cause else None,
                "gained": len(delta.gained),
                "lost": len(delta.lost),
                "unsure": len(delta.unsure),
            }
            for delta in result.deltas
            if delta
        ],
    }


def _flows(sets: Sequence[FlowSet]) -> Json:
    """Written out are little more than are shown: there may be very many."""
    parts = (flows.part(FLOWS_SHOWN) for flows in sets)
    shown = islice((line for flows in parts for line in lines(flows)), FLOWS_SHOWN)
    return {"count": sum(map(len, sets)), "pairs": [safe(line) for line in shown]}
