"""What workloads reach outside, as CIDRs.

A CIDR stands for the addresses in it that are not the cluster's own: pods, nodes and Services are
peers by their names.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reachaudit.model.ip import FAMILIES, Block, Family
from reachaudit.reach import bits
from reachaudit.reach.addresses import minus, overlap
from reachaudit.reach.classes import PodClass
from reachaudit.reach.flows import outside
from reachaudit.reach.listing.alike import Label, Piece
from reachaudit.reach.listing.census import Census
from reachaudit.reach.listing.ranges import cover
from reachaudit.reach.ports import Span
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import AddressSets
from reachaudit.reach.verdict import Outcome, Reason


class Outlook(NamedTuple):
    """What a workload reaches outside in a family: signatures of addresses, port by port.

    `reason`: why some of it is UNKNOWN, if some is.
    """

    family: Family
    row: tuple[tuple[Span, AddressSets], ...]
    reason: Reason | None

    def labels(self) -> Iterator[tuple[Label, int]]:
        """The same as labels with signatures."""
        for span, (must, may) in self.row:
            if must:
                yield Label(self.family, span, Outcome.ALLOW), must
            if may & ~must:
                yield Label(self.family, span, Outcome.UNKNOWN, self.reason), may & ~must


def outlook(census: Census, own: Sequence[PodClass], family: Family) -> Outlook:
    """A workload's outlook, by its classes; the outside has no ingress (EXT-11)."""
    row = tuple(outside(census.reach, own, family))
    profiles = (census.reach.judge.egress.of(each.number) for each in own)
    return Outlook(family, row, census.doubt(profiles))


def reached_abroad(census: Census, within: Sequence[Block] | None) -> dict[Block, list[Piece]]:
    """CIDRs outside and the workloads that reach them; `within` cuts what is looked at."""
    found: defaultdict[Block, list[Piece]] = defaultdict(list)
    known: dict[int, list[Block]] = {}
    for outlook, workloads in _outlooks(census).items():
        for label, signatures in outlook.labels():
            if signatures not in known:
                known[signatures] = _cidrs(census.reach, signatures, within)
            for cidr in known[signatures]:
                found[cidr].append((label, workloads))
    return dict(found)


def addresses(reach: Reachability, signatures: int) -> list[Block]:
    """The addresses outside that have some signatures."""
    known = reach.identity.signatures
    spans = (block for number in bits.members(signatures) for block in known.spans(number))
    return minus(spans, reach.outside.cluster)


def _outlooks(census: Census) -> dict[Outlook, int]:
    """What is the same for many workloads, once."""
    found: defaultdict[Outlook, int] = defaultdict(int)
    for _, own in census.workloads:
        for family in FAMILIES:
            found[outlook(census, own, family)] |= census.bit(own)
    return dict(found)


def _cidrs(reach: Reachability, signatures: int, within: Sequence[Block] | None) -> list[Block]:
    wanted = addresses(reach, signatures)
    return cover(wanted if within is None else overlap(wanted, within), reach.outside.cluster)
