"""The blast radius of a change: flows gained and lost, as a person counts them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from reachaudit.model.facts import PROTOCOLS, Protocol
from reachaudit.model.ip import Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.addresses import cidrs, merge, minus
from reachaudit.reach.flows import Flows, Index, OutRow, Row, Sources, Targets
from reachaudit.reach.ports import Span, by_protocol, overlay, ports_text
from reachaudit.reach.zones import ZONES, in_zone

T = TypeVar("T")
End = str
_SHOWN = 3


@dataclass(frozen=True, slots=True, order=True)
class Flow:
    """A flow: from a workload or zone, to a workload or zone, on one protocol, in one family.

    `ports` is text: `5432`, `80, 8000-8100`, `all ports`.
    """

    source: End
    target: End
    protocol: Protocol
    family: Family
    ports: str


@dataclass(frozen=True, slots=True)
class Delta:
    """What a round of changes did to flows, in order.

    `gained`: surely shut before, surely open now. `lost`: the reverse. `unsure`: UNKNOWN now, and
    known before.
    """

    gained: tuple[Flow, ...] = ()
    lost: tuple[Flow, ...] = ()
    unsure: tuple[Flow, ...] = ()


def difference(old: Flows, new: Flows, index: Index) -> Delta:
    """Compare two states; only rows that differ are expanded."""
    comparison = _Comparison(index, merge([*old.cluster, *new.cluster]))
    for key in old.between.keys() | new.between.keys():
        comparison.sources(key, old.between.get(key, ()), new.between.get(key, ()))
    for key in old.out.keys() | new.out.keys():
        comparison.targets(key, old.out.get(key, ()), new.out.get(key, ()))
    comparison.into(old, new)
    return Delta(comparison.gained.flows(), comparison.lost.flows(), comparison.unsure.flows())


def lines(flows: Iterable[Flow]) -> list[str]:
    """Flows for reading, all protocols of a pair on one line.

    `shop/web[Deployment] → data/db[StatefulSet] 5432/TCP IPv4`.
    """
    pairs: dict[tuple[End, End, Family], dict[Protocol, str]] = {}
    for flow in flows:
        pairs.setdefault((flow.source, flow.target, flow.family), {})[flow.protocol] = flow.ports
    return [
        f"{source} → {target} {_ports_line(ports)} {family}"
        for (source, target, family), ports in pairs.items()
    ]


def _ports_line(ports: dict[Protocol, str]) -> str:
    if len(ports) == len(PROTOCOLS) and set(ports.values()) == {"all ports"}:
        return "all ports"
    return ", ".join(f"{text}/{protocol}" for protocol, text in ports.items())


def end(ref: Ref) -> End:
    """A workload as an end of a flow: `shop/web[Deployment]`."""
    return f"{ref.namespace}/{ref.name}[{ref.kind}]"


class _Collector:
    """Spans by source, target and family, to become one flow a protocol."""

    def __init__(self) -> None:
        self._spans: defaultdict[tuple[End, End, Family], list[Span]] = defaultdict(list)

    def add(self, source: End, target: End, family: Family, span: Span) -> None:
        self._spans[source, target, family].append(span)

    def flows(self) -> tuple[Flow, ...]:
        return tuple(sorted((flow for key in self._spans for flow in self._of(key)), key=_order))

    def _of(self, key: tuple[End, End, Family]) -> Iterator[Flow]:
        source, target, family = key
        ports: defaultdict[Protocol, list[str]] = defaultdict(list)
        for span, _ in overlay(((span, True) for span in self._spans[key]), bool.__or__):
            for protocol, first, last in by_protocol(span):
                ports[protocol].append(ports_text(first, last))
        for protocol, texts in ports.items():
            yield Flow(source, target, protocol, family, ", ".join(texts))


def _order(flow: Flow) -> tuple[bool, bool, Flow]:
    """Flows with an end outside come first: they weigh most."""
    return "/" in flow.source.split()[0], "/" in flow.target.split()[0], flow


class _Comparison:
    """Collects what differs. `cluster`: addresses that are inside in one state or the other."""

    def __init__(self, index: Index, cluster: list[Block]) -> None:
        self._index, self._cluster = index, cluster
        self.gained, self.lost, self.unsure = _Collector(), _Collector(), _Collector()

    def sources(self, key: tuple[Ref, Family], before: Row, after: Row) -> None:
        """Compare who connects to a workload."""
        if before == after:
            return
        target, family = key
        for span, old, new in _side_by_side(before, after, Sources(0, 0)):
            for collector, changed in (
                (self.gained, new.must & ~old.may),
                (self.lost, old.must & ~new.may),
                (self.unsure, new.may & ~new.must & ~(old.may & ~old.must)),
            ):
                for number in bits.members(changed):
                    collector.add(end(self._index.refs[number]), end(target), family, span)

    def targets(self, key: tuple[Ref, Family], before: OutRow, after: OutRow) -> None:
        """Compare what a workload reaches outside."""
        if before == after:
            return
        source, family = key
        for span, old, new in _side_by_side(before, after, Targets((), ())):
            for collector, changed in (
                (self.gained, minus(new.must, old.may)),
                (self.lost, minus(old.must, new.may)),
                (self.unsure, minus(minus(new.may, new.must), minus(old.may, old.must))),
            ):
                for zone in _zones(minus(changed, self._cluster), family):
                    collector.add(end(source), zone, family, span)

    def into(self, old: Flows, new: Flows) -> None:
        """Compare what clients outside reach."""
        for collector, changed in (
            (self.gained, new.into - old.into - old.may_into),
            (self.lost, old.into - new.into - new.may_into),
            (self.unsure, new.may_into - new.into - old.may_into),
        ):
            for zone, family, workload, port in changed:
                collector.add(zone, end(workload), family, Span(port, port))


def _side_by_side(
    before: Iterable[tuple[Span, T]], after: Iterable[tuple[Span, T]], nothing: T
) -> Iterator[tuple[Span, T, T]]:
    """Two rows cut at the same ports. Of each there is at most one value on any port."""
    pieces = [(span, (value, nothing)) for span, value in before]
    pieces += [(span, (nothing, value)) for span, value in after]

    def both(one: tuple[T, T], other: tuple[T, T]) -> tuple[T, T]:
        old = one[0] if one[0] != nothing else other[0]
        return old, one[1] if one[1] != nothing else other[1]

    for span, (old, new) in overlay(pieces, both):
        yield span, old, new


def _zones(blocks: list[Block], family: Family) -> Iterator[str]:
    """Blocks by zone, and which of its addresses where they are few."""
    for zone in ZONES:
        found = [c for block in in_zone(zone, blocks) for c in cidrs(block) if c.family == family]
        if found:
            few = f" ({', '.join(map(str, found))})" if len(found) <= _SHOWN else ""
            yield f"{zone}{few}"
