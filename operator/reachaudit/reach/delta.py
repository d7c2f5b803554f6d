"""The blast radius of a change: flows gained and lost, as a person counts them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reachaudit.model.facts import PROTOCOLS, Protocol
from reachaudit.model.ip import Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.addresses import cidrs, minus
from reachaudit.reach.flows import Flows, Index, Row, Sources, Targets
from reachaudit.reach.ports import Span, by_protocol, overlay, ports_text
from reachaudit.reach.zones import ZONES, in_zone

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
    """Flows that a round of changes opened and shut, in order."""

    gained: tuple[Flow, ...] = ()
    lost: tuple[Flow, ...] = ()


def difference(old: Flows, new: Flows, index: Index) -> Delta:
    """Compare two states; only rows that differ are expanded."""
    gained, lost = _Collector(), _Collector()
    for key in old.between.keys() | new.between.keys():
        before, after = old.between.get(key, ()), new.between.get(key, ())
        if before != after:
            _compare_sources(key, before, after, index, gained, lost)
    for key in old.out.keys() | new.out.keys():
        _compare_targets(key, old.out.get(key, ()), new.out.get(key, ()), gained, lost)
    for collector, entries in ((gained, new.into - old.into), (lost, old.into - new.into)):
        for zone, family, workload, port in entries:
            collector.add(zone, end(workload), family, Span(port, port))
    return Delta(gained.flows(), lost.flows())


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


def _compare_sources(
    key: tuple[Ref, Family],
    before: Row,
    after: Row,
    index: Index,
    gained: _Collector,
    lost: _Collector,
) -> None:
    target, family = key
    nothing = Sources(0, 0)
    pieces = [(span, (sources, nothing)) for span, sources in before]
    pieces += [(span, (nothing, sources)) for span, sources in after]
    for span, (old, new) in overlay(pieces, lambda a, b: (a[0] | b[0], a[1] | b[1])):
        for collector, changed in ((gained, new.must & ~old.must), (lost, old.must & ~new.must)):
            for number in bits.members(changed):
                collector.add(end(index.refs[number]), end(target), family, span)


def _compare_targets(
    key: tuple[Ref, Family],
    before: tuple[tuple[Span, Targets], ...],
    after: tuple[tuple[Span, Targets], ...],
    gained: _Collector,
    lost: _Collector,
) -> None:
    if before == after:
        return
    source, family = key
    nothing = Targets(())
    pieces = [(span, (targets, nothing)) for span, targets in before]
    pieces += [(span, (nothing, targets)) for span, targets in after]
    for span, (old, new) in overlay(
        pieces, lambda a, b: (_either(a[0], b[0]), _either(a[1], b[1]))
    ):
        for collector, changed in (
            (gained, minus(new.blocks, old.blocks)),
            (lost, minus(old.blocks, new.blocks)),
        ):
            for zone in _zones(changed, family):
                collector.add(end(source), zone, family, span)


def _either(one: Targets, other: Targets) -> Targets:
    """Of one state there is at most one row on each span: the other is empty."""
    return one if one.blocks else other


def _zones(blocks: list[Block], family: Family) -> Iterator[str]:
    """Blocks by zone, and which of its addresses where they are few."""
    for zone in ZONES:
        found = [c for block in in_zone(zone, blocks) for c in cidrs(block) if c.family == family]
        if found:
            few = f" ({', '.join(map(str, found))})" if len(found) <= _SHOWN else ""
            yield f"{zone}{few}"
