"""Flows that are alike: the same target, ports, verdict and path, from several sources."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, TypeVar

from reachaudit.model.facts import PROTOCOLS, Protocol
from reachaudit.model.ip import Family
from reachaudit.reach.ports import Span, by_protocol, overlay
from reachaudit.reach.verdict import Outcome, Reason

T = TypeVar("T")
Doubt = tuple[Reason, int]


class Hop(NamedTuple):
    """A step of a path: the object that opens it, and where it listens.

    `Service shop/web` at `NodePort 30080/TCP`; `Ingress shop/web` at `shop.example.com/`.
    """

    by: str
    at: str


Path = tuple[Hop, ...]


class Ports(NamedTuple):
    """Ports of one protocol, first and last included; from 1 on."""

    first: int
    last: int


class Label(NamedTuple):
    """What is said of some pairs on a span of the line of ports. `path`: None for direct flows."""

    family: Family
    span: Span
    outcome: Outcome
    reason: Reason | None = None
    path: Path | None = None


Piece = tuple[Label, int]


class Found(NamedTuple):
    """Sources that surely connect, and those that may, by why that is not known."""

    must: int = 0
    unsure: tuple[Doubt, ...] = ()

    def __or__(self, other: "Found") -> "Found":
        """The union."""
        if not other.unsure:
            return Found(self.must | other.must, self.unsure)
        doubts = dict(self.unsure)
        for reason, sources in other.unsure:
            doubts[reason] = doubts.get(reason, 0) | sources
        return Found(self.must | other.must, tuple(doubts.items()))


def labelled(family: Family, row: Iterable[tuple[Span, Found]]) -> Iterator[Piece]:
    """What a row finds as labels: of each pair and port there is one; sure goes before unsure."""
    for span, (must, unsure) in overlay(row, Found.__or__):
        if must:
            yield Label(family, span, Outcome.ALLOW), must
        taken = must
        for reason, sources in unsure:
            if left := sources & ~taken:
                yield Label(family, span, Outcome.UNKNOWN, reason), left
                taken |= left


class Opening(NamedTuple):
    """All ports of one protocol that have one verdict and path."""

    protocol: Protocol
    family: Family
    ports: tuple[Ports, ...]
    outcome: Outcome
    reason: Reason | None = None
    path: Path | None = None


class Alike(NamedTuple):
    """The sources that have the same openings to a target, by the numbers of peers."""

    sources: int
    target: int
    openings: tuple[Opening, ...]


def parted(pieces: Iterable[tuple[T, int]]) -> list[tuple[tuple[T, ...], int]]:
    """Overlapping sets as disjoint ones, each with the labels of all sets that hold it."""
    parts: list[tuple[tuple[T, ...], int]] = []
    for label, members in pieces:
        left, cut = members, list[tuple[tuple[T, ...], int]]()
        for labels, part in parts:
            both = part & left
            if not both:
                cut.append((labels, part))
                continue
            cut.append(((*labels, label), both))
            left ^= both
            if part != both:
                cut.append((labels, part ^ both))
        if left:
            cut.append(((label,), left))
        parts = cut
    return parts


@lru_cache(maxsize=65536)
def openings(labels: tuple[Label, ...]) -> tuple[Opening, ...]:
    """What labels say together, by family, path, verdict and protocol."""
    spans: dict[Label, list[Span]] = {}
    for label in labels:
        spans.setdefault(label._replace(span=_ANY), []).append(label.span)
    return tuple(
        Opening(protocol, label.family, ports, label.outcome, label.reason, label.path)
        for label, found in spans.items()
        for protocol, ports in protocols(found)
    )


_ANY = Span(0, 0)


def protocols(spans: Iterable[Span]) -> Iterator[tuple[Protocol, tuple[Ports, ...]]]:
    """Spans of the line as ports, protocol by protocol; neighbours are one."""
    found: dict[Protocol, list[Ports]] = {protocol: [] for protocol in PROTOCOLS}
    for span in sorted(spans):
        for protocol, first, last in by_protocol(span):
            known = found[protocol]
            if known and known[-1].last >= first - 1:
                known[-1] = Ports(known[-1].first, max(last, known[-1].last))
            else:
                known.append(Ports(first, last))
    return ((protocol, tuple(ports)) for protocol, ports in found.items() if ports)
