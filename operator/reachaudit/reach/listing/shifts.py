"""Shifts: what became of flows from one state to another."""

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from reachaudit.model.facts import Protocol
from reachaudit.model.ip import Family
from reachaudit.reach.listing.alike import Ports, protocols
from reachaudit.reach.ports import Span
from reachaudit.reach.verdict import Outcome


class Change(Enum):
    """What became of a flow. `unsure`: it was known before; `settled`: it is known now."""

    GAINED = "gained"
    LOST = "lost"
    UNSURE = "unsure"
    SETTLED = "settled"


class Shift(NamedTuple):
    """A verdict of some pairs before and after, on a span of the line: ALLOW, DENY or UNKNOWN."""

    family: Family
    span: Span
    before: Outcome
    after: Outcome


class Shifted(NamedTuple):
    """The same for reading: all ports of one protocol."""

    protocol: Protocol
    family: Family
    ports: tuple[Ports, ...]
    before: Outcome
    after: Outcome

    @property
    def change(self) -> Change:
        """What that means."""
        if self.after is Outcome.UNKNOWN:
            return Change.UNSURE
        if self.before is Outcome.UNKNOWN:
            return Change.SETTLED
        return Change.GAINED if self.after is Outcome.ALLOW else Change.LOST


class Changed(NamedTuple):
    """The sources of which a target's flows changed alike, by the numbers of peers."""

    sources: int
    target: int
    shifts: tuple[Shifted, ...]


@lru_cache(maxsize=65536)
def shifted(shifts: tuple[Shift, ...]) -> tuple[Shifted, ...]:
    """What some shifts say together, by family, verdicts and protocol."""
    spans: dict[tuple[Family, Outcome, Outcome], list[Span]] = {}
    for family, span, before, after in shifts:
        spans.setdefault((family, before, after), []).append(span)
    return tuple(
        Shifted(protocol, family, ports, before, after)
        for (family, before, after), found in spans.items()
        for protocol, ports in protocols(found)
    )
