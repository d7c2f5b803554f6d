"""Questions: whether somebody reaches something, put so that any state can answer them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from reachaudit.model.ip import FAMILIES, Family
from reachaudit.reach.destinations import Destination
from reachaudit.reach.ends import Group, Target
from reachaudit.reach.ports import Span
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.spots import Spot
from reachaudit.reach.standing import Standing
from reachaudit.reach.verdict import PathVerdict, Reason, network_chooses, no_path, one_of


@dataclass(frozen=True, slots=True)
class Question:
    """Does anybody at a spot reach a destination? Both ends are of one family."""

    source: Spot
    target: Destination

    def ask(self, reach: Reachability, port: int | None) -> PathVerdict:
        """What becomes of a connection to a port on the line; None: protocols without ports."""
        ways = [self.target.ask(reach, client, port) for client in self.source.parties(reach)]
        if not ways:
            return no_path("nobody is there to send", "NP-49")
        if self.source.node:  # it sends from one of its addresses, whichever that is
            return one_of(ways, Reason.NODE_ADDRESS)
        return network_chooses(ways) if len(ways) > 1 else ways[0]

    def spans(self, reach: Reachability) -> list[Span]:
        """Spans of ports on each of which all ports fare alike."""
        clients = self.source.parties(reach)
        starts = {span for client in clients for span in self.target.spans(reach, client)}
        return sorted(starts) if len(clients) < 2 else _cut_by_each_other(starts)


def pairs(
    reach: Reachability, source: Group, target: Target, families: Iterable[Family] | None = None
) -> Iterator[Question]:
    """A question for each spot of the source and each destination, in each family.

    Without `families`, in those that the destination has. A pod is not asked about itself where
    there are others.
    """
    for family in families or FAMILIES:
        sending = [spot for spot in source.spots if spot.family == family]
        reached = [d for d in target.destinations if _has(reach, d, family, families is None)]
        for spot in sending:
            for destination in reached:
                alone = len(sending) * len(reached) == 1
                if alone or destination != Standing(spot) or not spot.pod:
                    yield Question(spot, destination)


def _has(reach: Reachability, destination: Destination, family: Family, own: bool) -> bool:
    own_alone = own or isinstance(destination, Standing)
    return not own_alone or family in destination.families(reach)


def _cut_by_each_other(spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap, as disjoint ones."""
    spans = list(spans)
    cuts = sorted({s.first for s in spans} | {s.last + 1 for s in spans})
    pieces = (Span(a, b - 1) for a, b in pairwise(cuts))
    return [p for p in pieces if any(s.first <= p.first and p.last <= s.last for s in spans)]
