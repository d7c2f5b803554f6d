"""The blast radius of a change: flows gained and lost, as a person counts them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import islice
from typing import NamedTuple

from reachaudit.model.facts import PROTOCOLS, Protocol
from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.ports import Span, by_protocol, overlay, ports_text

End = str


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


class Strip(NamedTuple):
    """Flows between one end and many others on a span of ports.

    `incoming`: the others connect to it, else it to them. `others` are classes as bits, each the
    only one of its workload; `named` are others by name: workloads, or zones.
    """

    end: End
    incoming: bool
    family: Family
    span: Span
    others: int = 0
    named: frozenset[End] = frozenset()


@dataclass(frozen=True)
class FlowSet:
    """Many flows, held as strips and written out only when they are read.

    `ends` names the others of strips. A workload that is an end of its own is in no other's strip.
    """

    strips: tuple[Strip, ...] = ()
    ends: Mapping[int, End] | None = None

    @cached_property
    def _count(self) -> int:
        """Counted without being written out."""
        total = 0
        for strips in self._by_end().values():
            others, named = dict.fromkeys(PROTOCOLS, 0), dict.fromkeys(PROTOCOLS, frozenset[End]())
            for strip in strips:
                for protocol, _, _ in by_protocol(strip.span):
                    others[protocol] |= strip.others
                    named[protocol] |= strip.named
            total += sum(map(int.bit_count, others.values())) + sum(map(len, named.values()))
        return total

    def __len__(self) -> int:
        return self._count

    def __bool__(self) -> bool:
        return bool(self.strips)

    def __iter__(self) -> Iterator[Flow]:
        """All flows, those with an end outside first: they weigh most."""
        return iter(self._written)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FlowSet) and self._written == other._written

    def __hash__(self) -> int:
        return hash(len(self))

    def part(self, number: int) -> "FlowSet":
        """The flows of at least so many pairs, if there are, those with an end outside first.

        Each pair's are whole. Of a large change that is far less to write out than all.
        """
        groups: defaultdict[End, list[Strip]] = defaultdict(list)
        for strip in self.strips:
            groups[strip.end].append(strip)
        kept, count = list[Strip](), 0
        for strips in sorted(groups.values(), key=_inside):
            if count >= number:
                break
            some = _some(strips, number)
            kept += some
            count += max(strip.others.bit_count() + len(strip.named) for strip in some)
        return FlowSet(tuple(kept), self.ends)

    @cached_property
    def _written(self) -> tuple[Flow, ...]:
        spans: defaultdict[tuple[End, End, Family], list[Span]] = defaultdict(list)
        for strip in self.strips:
            for other in self._others(strip):
                source, target = (other, strip.end) if strip.incoming else (strip.end, other)
                spans[source, target, strip.family].append(strip.span)
        return tuple(sorted((f for key in spans for f in _flows(key, spans[key])), key=_order))

    def _others(self, strip: Strip) -> Iterator[End]:
        yield from strip.named
        if strip.others:
            assert self.ends is not None
            for number in bits.members(strip.others):
                yield self.ends[number]

    def _by_end(self) -> dict[tuple[End, bool, Family], list[Strip]]:
        found: defaultdict[tuple[End, bool, Family], list[Strip]] = defaultdict(list)
        for strip in self.strips:
            found[strip.end, strip.incoming, strip.family].append(strip)
        return found


NOTHING = FlowSet()


@dataclass(frozen=True)
class Delta:
    """What changes did to flows.

    `gained`: surely shut before, surely open now. `lost`: the reverse. `unsure`: UNKNOWN now, and
    known before. `cause`: the object whose change it was; None for many at once.
    """

    gained: FlowSet = NOTHING
    lost: FlowSet = NOTHING
    unsure: FlowSet = NOTHING
    cause: Ref | None = None

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost or self.unsure)


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


def _flows(key: tuple[End, End, Family], spans: Sequence[Span]) -> Iterator[Flow]:
    source, target, family = key
    ports: defaultdict[Protocol, list[str]] = defaultdict(list)
    for span, _ in overlay(((span, True) for span in spans), bool.__or__):
        for protocol, first, last in by_protocol(span):
            ports[protocol].append(ports_text(first, last))
    for protocol, texts in ports.items():
        yield Flow(source, target, protocol, family, ", ".join(texts))


def _order(flow: Flow) -> tuple[bool, bool, Flow]:
    return _is_workload(flow.source), _is_workload(flow.target), flow


def _inside(strips: Sequence[Strip]) -> bool:
    """Whether all flows of an end are between workloads."""
    return all(_is_workload(name) for s in strips for name in (s.end, *s.named))


def _some(strips: Sequence[Strip], number: int) -> list[Strip]:
    """Strips of one end with no more than so many others, the same in each."""
    every = reduce(int.__or__, (strip.others for strip in strips))
    mask = sum(1 << other for other in islice(bits.members(every), number))
    return [strip._replace(others=strip.others & mask) for strip in strips]


def _is_workload(name: End) -> bool:
    return "/" in name.split()[0]
