"""Listings asked for by names: of all flows, or of those at one end."""

from dataclasses import dataclass

from reachaudit.model.store import Facts
from reachaudit.reach.listing.choice import choice
from reachaudit.reach.listing.grouping import By, apart, grouped
from reachaudit.reach.listing.listing import Listing
from reachaudit.reach.listing.wanted import ANY, Wanted
from reachaudit.reach.ports import Span
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `source`, `target`: ends by name, None for all; see `choice`.

    `ports`: on the line. `namespace`: flows with either end in it, "" for all.
    """

    by: By = "workload"
    source: str | None = None
    target: str | None = None
    ports: Span | None = None
    namespace: str = ""


def listing(facts: Facts, assumptions: Assumptions, request: Request) -> Listing:
    """The flows that are asked for; raises EndError where a name means nothing."""
    reach = Reachability(facts, assumptions)
    ends = [choice(text, reach) if text else None for text in (request.source, request.target)]
    meant = [end.pods for end in ends if end]
    regrouped = grouped(facts, request.by, apart(reach, request.by, meant))
    if regrouped is not facts:
        reach = Reachability(regrouped, assumptions)
    sources, targets = (end.end(reach) if end else ANY for end in ends)
    return Listing(reach, Wanted(sources, targets, request.ports, request.namespace))
