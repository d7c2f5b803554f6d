"""The engine that follows changes, held against one that is built anew after each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.engine_answers import assumptions_of, read_facts
from engine.frontends import frontends
from engine.owners import owned
from engine.worlds import World, assumptions, worlds
from reachaudit.model.facts import Controller, Fact, Owner
from reachaudit.model.ip import Family
from reachaudit.model.store import Change, Facts
from reachaudit.reach import bits
from reachaudit.reach.delta import FlowSet
from reachaudit.reach.engine import Engine
from reachaudit.reach.flows import Flows, flows
from reachaudit.reach.ports import Span, by_protocol, ports_text
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Value
from reachaudit.round.audit import audit
from reachaudit.round.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reachaudit.model.names import Ref
    from reachaudit.settings import Assumptions

Flow = tuple[str, str, Family, int]
examples = settings(max_examples=80, deadline=None)


class Story(NamedTuple):
    """Facts from the start, and what becomes of them one after another."""

    start: list[Fact]
    changes: list[Change]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw two worlds: objects of the one become those of the other, go, and come again."""
    start, other = (_facts(draw) for _ in range(2))
    pool = {fact.ref: [fact] for fact in start}
    for fact in other:
        pool.setdefault(fact.ref, []).append(fact)
    now: dict[Ref, Fact] = {fact.ref: fact for fact in start}
    changes = []
    for ref in draw(st.lists(st.sampled_from(sorted(pool)), min_size=1, max_size=8)):
        new = draw(st.sampled_from([None, *pool[ref]]))
        old = now.pop(ref, None)
        if new is not None:
            now[ref] = new
        if old != new:
            changes.append(Change(ref, old, new, 0.0))
    return Story(start, changes)


def _facts(draw: st.DrawFn) -> list[Fact]:
    world: World = draw(worlds())
    facts = [*read_facts(world.objects), *read_facts(draw(frontends()))]
    found = owned(draw, facts)
    for namespace in draw(st.sets(st.sampled_from(["u", "v"]))):
        top = draw(st.sampled_from([Owner("Deployment", "d1"), None]))
        found.append(Controller(namespace, "r1", kind_name="ReplicaSet", owner=top))
    return list({fact.ref: fact for fact in found}.values())


def build(facts: Sequence[Fact], assumed: Assumptions) -> Reachability:
    return Reachability(Facts(facts), assumed)


@examples
@given(story=stories(), assumed=assumptions())
def test_following_is_the_same_as_building_anew(story: Story, assumed: dict[str, str]) -> None:
    engine, now = begin(story, assumptions_of(assumed))
    for change in story.changes:
        engine.apply([change])
        take(now, change)
        fresh = build(list(now.values()), assumptions_of(assumed))
        assert all_of(engine.reach) == all_of(fresh)


@examples
@given(story=stories(), assumed=assumptions(), steps=st.sampled_from([1, 1, 2, 8]))
def test_the_delta_is_what_two_builds_differ_by(
    story: Story, assumed: dict[str, str], steps: int
) -> None:
    engine, now = begin(story, assumptions_of(assumed))
    old = values(flows(build(story.start, assumptions_of(assumed))))
    for first in range(0, len(story.changes), steps):
        changes = net(story.changes[first : first + steps])
        delta = engine.apply(changes)
        for change in changes:
            take(now, change)
        new = values(flows(build(list(now.values()), assumptions_of(assumed))))
        assert pods_of(delta.gained) == turned(old, new, {Value.DENY}, {Value.ALLOW})
        assert pods_of(delta.lost) == turned(old, new, {Value.ALLOW}, {Value.DENY})
        known = {Value.ALLOW, Value.DENY}
        assert pods_of(delta.unsure) == turned(old, new, known, {Value.UNKNOWN})
        for found in (delta.gained, delta.lost, delta.unsure):
            assert len(found) == len(list(found))
        old = new


@examples
@given(story=stories(), assumed=assumptions())
def test_findings_stand_as_if_all_were_judged_anew(story: Story, assumed: dict[str, str]) -> None:
    chosen, now = assumptions_of(assumed), {fact.ref: fact for fact in story.start}
    pipeline = Pipeline(chosen, frozenset({"x"}), clock=lambda: 0.0, timer=lambda: 0.0)
    pipeline.run([Change(fact.ref, None, fact, 0.0) for fact in story.start])
    for change in story.changes:
        found = pipeline.run([change])
        take(now, change)
        fresh = audit(now.values(), chosen, frozenset({"x"}))
        assert [entry.finding for entry in found.open] == list(fresh)


def begin(story: Story, assumed: Assumptions) -> tuple[Engine, dict[Ref, Fact]]:
    engine = Engine(assumed)
    engine.apply([Change(fact.ref, None, fact, 0.0) for fact in story.start])
    return engine, {fact.ref: fact for fact in story.start}


def take(now: dict[Ref, Fact], change: Change) -> None:
    now.pop(change.ref, None)
    if change.new is not None:
        now[change.ref] = change.new


def net(changes: Sequence[Change]) -> list[Change]:
    """Several changes of one object as one."""
    found: dict[Ref, Change] = {}
    for change in changes:
        first = found.pop(change.ref, change)
        found[change.ref] = Change(change.ref, first.old, change.new, 0.0)
    return [change for change in found.values() if change.old != change.new]


def all_of(reach: Reachability) -> tuple[object, ...]:
    """All that a state answers, with names for numbers."""
    table = flows(reach)
    exposures = {
        (e.zone, e.family, str(e.workload), e.by, e.way, e.port, e.verdict.outcome)
        for e in reach.exposures
    }
    isolation = {pod.ref: reach.isolation(pod) for pod in reach.identity.pods}
    return named(table), table.out, table.entries, exposures, isolation


def named(table: Flows) -> dict[tuple[str, Family], list[tuple[int, int, set[str], set[str]]]]:
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


def values(table: Flows) -> dict[Flow, Value]:
    """Every flow between workloads that may be there, port span by port span of any row."""
    found: dict[Flow, Value] = {}
    for (target, family), row in table.between.items():
        for span, (must, may) in row:
            for plane, value in ((may, Value.UNKNOWN), (must, Value.ALLOW)):
                for number in bits.members(plane):
                    ref = table.index.refs[number]
                    for port in EDGES:
                        if span.first <= port <= span.last:
                            found[name(ref), name(target), family, port] = value
    return found


# Ports around all that the random policies name, on each protocol.
EDGES = tuple(
    base + port
    for base in (0, 65536, 131072)
    for port in (1, 52, 53, 54, 79, 80, 81, 82, 443, 8000, 8079, 8080, 8081, 9000, 65535)
)


def name(ref: Ref) -> str:
    return f"{ref.namespace}/{ref.name}[{ref.kind}]"


def turned(
    old: dict[Flow, Value], new: dict[Flow, Value], before: set[Value], after: set[Value]
) -> set[Flow]:
    return {
        flow
        for flow in old.keys() | new.keys()
        if old.get(flow, Value.DENY) in before and new.get(flow, Value.DENY) in after
    }


def pods_of(found: FlowSet) -> set[Flow]:
    """The flows between workloads of a set, on the same ports."""
    return {
        (flow.source, flow.target, flow.family, port)
        for flow in found
        if flow.source.endswith("]") and flow.target.endswith("]")
        for port in EDGES
        for protocol, number, _ in by_protocol(Span(port, port))
        if protocol == flow.protocol and _within(number, flow.ports)
    }


def _within(port: int, ports: str) -> bool:
    if ports == ports_text(1, 65535):
        return True
    spans = (each.partition("-") for each in ports.split(", "))
    return any(int(first) <= port <= int(last or first) for first, _, last in spans)
