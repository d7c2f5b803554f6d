"""The flows of one end for a person: whether any zone has one, then each."""

from collections.abc import Iterator

from reachaudit.outputs.flow_text import flows_text
from reachaudit.outputs.text import safe
from reachaudit.reach.listing.neighbours import Asked
from reachaudit.reach.verdict import Outcome


def neighbours_text(asked: Asked) -> Iterator[str]:
    """Texts of one or more lines each."""
    zones = ", ".join(f"{place} {_said(outcome)}" for place, outcome in asked.zones.items())
    question = "Who can reach" if asked.side == "sources" else "Reachable from"
    yield f"{question} {safe(asked.name)}{': ' if zones else ''}{zones}\n"
    yield from flows_text(asked.peers, asked.own, asked.found)


def _said(outcome: Outcome | None) -> str:
    """`yes`, `no`; in part and UNKNOWN as everywhere."""
    if outcome is None:
        return "no"
    return "yes" if outcome is Outcome.ALLOW else outcome.value
