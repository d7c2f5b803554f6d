"""Following held against building: what a state answers, and what two states differ by."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from reachaudit.model.store import Change, Facts
from reachaudit.reach import bits
from reachaudit.reach.addresses import minus
from reachaudit.reach.engine import Engine
from reachaudit.reach.flows import Flows, Targets, flows
from reachaudit.reach.ports import Span, by_protocol, ports_text
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.unknowns import unknowns
from reachaudit.reach.verdict import Value
from reachaudit.reach.zones import ZONES, in_zone
from reachaudit.round.audit import audit
from reachaudit.round.pipeline import Pipeline
from reachaudit.round.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reachaudit.model.facts import Fact, Pod
    from reachaudit.model.ip import Block, Family
    from reachaudit.model.names import Ref
    from reachaudit.reach.delta import Delta, FlowSet
    from reachaudit.settings import Assumptions

Flow = tuple[str, str, "Family", int]
NO_TARGETS = Targets((), ())


class Turned(NamedTuple):
    """The flows that two states differ by, port by port: as a delta tells them."""

    gained: set[Flow]
    lost: set[Flow]
    unsure: set[Flow]


class Follower:
    """An engine and a pipeline that are told changes, held against new ones after each telling."""

    def __init__(self, assumed: Assumptions, excluded: frozenset[str] = frozenset()) -> None:
        self._assumed, self._excluded = assumed, excluded
        self._engine = Engine(assumed)
        self._pipeline = Pipeline(assumed, excluded, clock=lambda: 0.0, timer=lambda: 0.0)
        self._now: dict[Ref, Fact] = {}
        self._table = flows(build((), assumed))
        self._begun = False

    def tell(self, changes: Sequence[Change]) -> None:
        """Tell changes, and hold all that follows from them against what is built anew."""
        delta = self._engine.apply(changes)
        told = self._pipeline.run(changes)
        for change in changes:
            take(self._now, change)
        fresh = build(self._now.values(), self._assumed)
        old, self._table = self._table, flows(fresh)
        reach = self._engine.reach
        assert answers(reach, flows(reach)) == answers(fresh, self._table)
        if self._begun:
            assert_tells(delta, old, self._table)
        else:
            assert not delta, "what there is from the start is no change"
        findings = audit(self._now.values(), self._assumed, self._excluded)
        assert [entry.finding for entry in told.open] == list(findings)
        assert told.summary == counted(fresh)
        self._begun = True


def build(facts: Iterable[Fact], assumed: Assumptions) -> Reachability:
    return Reachability(Facts(facts), assumed)


def arrivals(facts: Iterable[Fact]) -> list[Change]:
    return [Change(fact.ref, None, fact, 0.0) for fact in facts]


def counted(reach: Reachability) -> Summary:
    """A state in numbers, counted one by one."""
    exposed = {(e.zone, e.workload) for e in reach.exposures if e.open}
    return Summary(
        Counter(isolated(reach, pod) for pod in reach.identity.pods),
        Counter(zone for zone, _ in exposed),
        unknowns(reach),
    )


def isolated(reach: Reachability, pod: Pod) -> str:
    return reach.isolation(reach.identity.number(pod))


def take(now: dict[Ref, Fact], change: Change) -> None:
    now.pop(change.ref, None)
    if change.new is not None:
        now[change.ref] = change.new


def answers(reach: Reachability, table: Flows) -> tuple[object, ...]:
    """All that a state answers, with names for numbers."""
    exposures = {
        (e.zone, e.family, str(e.workload), e.by, e.way, e.port, e.verdict.outcome)
        for e in reach.exposures
    }
    isolation = {pod.ref: isolated(reach, pod) for pod in reach.identity.pods}
    return _named(table), table.out, table.entries, exposures, isolation


def assert_tells(delta: Delta, old: Flows, new: Flows) -> None:
    """A delta tells just what two states differ by, and counts it without writing it out."""
    at = edges(old, new)
    expected = difference(old, new, at)
    for found, flows_ in zip((delta.gained, delta.lost, delta.unsure), expected, strict=True):
        assert expanded(found, at) == flows_
        assert len(found) == len(list(found))


def edges(*tables: Flows) -> list[int]:
    """The first and the last port of every span of some tables: between these nothing changes."""
    spans = {
        span
        for table in tables
        for rows in (table.between, table.out)
        for row in rows.values()
        for span, _ in row
    }
    found = {edge if edge % 65536 else edge + 1 for span in spans for edge in span}  # no port 0
    for table in tables:
        found |= {port for _, _, _, port in table.entries.sure | table.entries.perhaps}
    return sorted(found)


def difference(old: Flows, new: Flows, at: Sequence[int]) -> Turned:
    """The flows that turned from one value to another, on some ports."""
    before, after = _values(old, at), _values(new, at)
    known = {Value.ALLOW, Value.DENY}
    found = Turned(
        _turned(before, after, {Value.DENY}, {Value.ALLOW}),
        _turned(before, after, {Value.ALLOW}, {Value.DENY}),
        _turned(before, after, known, {Value.UNKNOWN}),
    )
    for flows_, zones in zip(found, _zones_turned(old, new, at), strict=True):
        flows_ |= zones
    return found


def expanded(found: FlowSet, at: Iterable[int]) -> set[Flow]:
    """The flows of a set, port by port; of a zone without which of its addresses."""
    places = [(port, *by_protocol(Span(port, port))[0]) for port in at]
    return {
        (flow.source, flow.target.partition(" ")[0], flow.family, port)
        for flow in found
        for port, protocol, number, _ in places
        if protocol == flow.protocol and _within(number, flow.ports)
    }


def _named(table: Flows) -> dict[tuple[str, Family], list[tuple[int, int, set[str], set[str]]]]:
    refs = table.index.refs
    return {
        (str(target), family): [
            (
                span.first,
                span.last,
                {str(refs[n]) for n in bits.members(must)},
                {str(refs[n]) for n in bits.members(may)},
            )
            for span, (must, may) in row
        ]
        for (target, family), row in table.between.items()
    }


def _values(table: Flows, at: Sequence[int]) -> dict[Flow, Value]:
    """Every flow that may be there, between workloads and into them from zones."""
    found: dict[Flow, Value] = {}
    for (target, family), row in table.between.items():
        for span, (must, may) in row:
            ports = [port for port in at if span.first <= port <= span.last]
            for plane, value in ((may, Value.UNKNOWN), (must, Value.ALLOW)):
                for number in bits.members(plane):
                    source = _name(table.index.refs[number])
                    found |= {(source, _name(target), family, port): value for port in ports}
    for entries, value in (
        (table.entries.perhaps, Value.UNKNOWN),
        (table.entries.sure, Value.ALLOW),
    ):
        for zone, family, workload, port in entries:
            found[zone, _name(workload), family, port] = value
    return found


def _zones_turned(old: Flows, new: Flows, at: Sequence[int]) -> Turned:
    """The zones that some address of turned for a workload: the cluster's own are in none."""
    found = Turned(set(), set(), set())
    cluster = [*old.cluster, *new.cluster]
    for key in old.out.keys() | new.out.keys():
        for port in at:
            before, after = (_targets(table, key, port) for table in (old, new))
            unsure = minus(minus(after.may, after.must), minus(before.may, before.must))
            for flows_, blocks in (
                (found.gained, minus(after.must, before.may)),
                (found.lost, minus(before.must, after.may)),
                (found.unsure, unsure),
            ):
                flows_ |= {(_name(key[0]), z, key[1], port) for z in _zones(blocks, cluster)}
    return found


def _targets(table: Flows, key: tuple[Ref, Family], port: int) -> Targets:
    row = table.out.get(key, ())
    return next((ends for span, ends in row if span.first <= port <= span.last), NO_TARGETS)


def _zones(blocks: Sequence[Block], cluster: Sequence[Block]) -> Iterator[str]:
    return (zone for zone in ZONES if blocks and in_zone(zone, minus(blocks, cluster)))


def _name(ref: Ref) -> str:
    return f"{ref.namespace}/{ref.name}[{ref.kind}]"


def _turned(
    old: Mapping[Flow, Value], new: Mapping[Flow, Value], before: set[Value], after: set[Value]
) -> set[Flow]:
    return {
        flow
        for flow in old.keys() | new.keys()
        if old.get(flow, Value.DENY) in before and new.get(flow, Value.DENY) in after
    }


def _within(port: int, ports: str) -> bool:
    if ports == ports_text(1, 65535):
        return True
    spans = (each.partition("-") for each in ports.split(", "))
    return any(int(first) <= port <= int(last or first) for first, _, last in spans)
