"""All ports of all protocols on one line, so that a set of ports is a list of spans.

TCP stands at 0-65535, UDP at 65536-131071, SCTP at 131072-196607. Protocols never stand in for
each other (NP-42), and a span never crosses from one to the next unless it holds both wholly.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

from reachaudit.model.facts import PROTOCOLS, ContainerPort, Protocol

T = TypeVar("T")
_SIZE = 65536


class Span(NamedTuple):
    """Ports on the line, first and last included."""

    first: int
    last: int


ALL_PORTS = Span(0, _SIZE * len(PROTOCOLS) - 1)


def position(protocol: Protocol, port: int) -> int:
    """Where a port stands on the line."""
    return PROTOCOLS.index(protocol) * _SIZE + port


def protocol_and_number(port: int) -> tuple[Protocol, int]:
    """The reverse of `position`."""
    return PROTOCOLS[port // _SIZE], port % _SIZE


def span(protocol: Protocol, first: int, last: int) -> Span:
    """A range of one protocol's ports."""
    return Span(position(protocol, first), position(protocol, last))


def spans_between(edges: Iterable[int]) -> list[Span]:
    """All ports from 1 on, cut at some edges and between protocols; an edge begins a span."""
    starts = [position(protocol, 1) for protocol in PROTOCOLS]
    limits = [start + _SIZE - 1 for start in starts]
    inner = {edge for edge in edges if 0 < edge < limits[-1]}
    cuts = sorted({*starts, *inner, *limits})
    return [Span(a, b - 1) for a, b in pairwise(cuts) if a not in limits]


def named(ports: Iterable[ContainerPort], name: str, protocol: Protocol) -> int | None:
    """The number that a name has on a pod; the first that fits wins (NP-40, SVC-4)."""
    for port in ports:
        if port.name == name and port.protocol == protocol:
            return port.number
    return None


@lru_cache(maxsize=65536)
def by_protocol(piece: Span) -> tuple[tuple[Protocol, int, int], ...]:
    """A span as (protocol, first port, last port), ports from 1 on."""
    found: list[tuple[Protocol, int, int]] = []
    for i, protocol in enumerate(PROTOCOLS):
        first, last = max(piece.first - i * _SIZE, 1), min(piece.last - i * _SIZE, _SIZE - 1)
        if first <= last:
            found.append((protocol, first, last))
    return tuple(found)


def ports_text(first: int, last: int) -> str:
    """`80`, `8000-8100`, `all ports`."""
    if (first, last) == (1, _SIZE - 1):
        return "all ports"
    return str(first) if first == last else f"{first}-{last}"


def overlay(pieces: Iterable[tuple[Span, T]], join: Callable[[T, T], T]) -> list[tuple[Span, T]]:
    """Overlapping spans as disjoint ones in order; where several lie, their values are joined.

    Neighbours with equal values become one. Pieces of the same span are joined before they are cut:
    most are of all ports.
    """
    by_span: dict[Span, T] = {}
    for piece, value in pieces:
        by_span[piece] = join(by_span[piece], value) if piece in by_span else value
    cuts = sorted({p.first for p in by_span} | {p.last + 1 for p in by_span})
    at: list[list[T]] = [[] for _ in cuts]
    for piece, value in by_span.items():
        for i in range(bisect_left(cuts, piece.first), bisect_left(cuts, piece.last + 1)):
            at[i].append(value)
    found: list[tuple[Span, T]] = []
    for (first, end), values in zip(pairwise(cuts), at, strict=False):
        if not values:
            continue
        value = values[0]
        for other in values[1:]:
            value = join(value, other)
        if found and found[-1][0].last == first - 1 and found[-1][1] == value:
            found[-1] = Span(found[-1][0].first, end - 1), value
        else:
            found.append((Span(first, end - 1), value))
    return found


def clipped(row: Iterable[tuple[Span, T]], within: Sequence[Span]) -> Iterator[tuple[Span, T]]:
    """What of a row lies within some spans; both disjoint and in order."""
    starts = [span.first for span in within]
    for (first, last), value in row:
        for i in range(max(bisect_right(starts, first) - 1, 0), len(within)):
            low, high = max(first, within[i].first), min(last, within[i].last)
            if within[i].first > last:
                break
            if low <= high:
                yield Span(low, high), value


def side_by_side(
    before: Sequence[tuple[Span, T]], after: Sequence[tuple[Span, T]], nothing: T
) -> Iterator[tuple[Span, T, T]]:
    """Two rows cut at the same ports. Each is disjoint spans in order."""
    i = j = 0
    edges = sorted({edge for span, _ in (*before, *after) for edge in (span.first, span.last + 1)})
    for first, after_last in pairwise(edges):
        while i < len(before) and before[i][0].last < first:
            i += 1
        while j < len(after) and after[j][0].last < first:
            j += 1
        old = before[i][1] if i < len(before) and before[i][0].first <= first else nothing
        new = after[j][1] if j < len(after) and after[j][0].first <= first else nothing
        if old is not nothing or new is not nothing:
            yield Span(first, after_last - 1), old, new


def union(pieces: Mapping[Span, int], within: Span) -> Iterator[tuple[Span, int]]:
    """Sets on spans as disjoint spans that fill `within`; where several lie, their union."""
    everywhere, parts = 0, list[tuple[int, int, int]]()
    for (first, last), bits in pieces.items():
        if first <= within.first and last >= within.last:
            everywhere |= bits
        elif first <= within.last and last >= within.first:
            parts.append((max(first, within.first), min(last, within.last), bits))
    cuts = {within.first, within.last + 1}
    for first, last, _ in parts:
        cuts |= {first, last + 1}
    ordered = sorted(cuts)
    found = [everywhere] * (len(ordered) - 1)
    for first, last, bits in parts:
        i = bisect_left(ordered, first)
        while ordered[i] <= last:
            found[i] |= bits
            i += 1
    for (first, end), bits in zip(pairwise(ordered), found, strict=True):
        yield Span(first, end - 1), bits
