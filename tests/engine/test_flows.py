"""Rows of flows and their difference, held against the judge asked pair by pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.engine_answers import assumptions_of, read_facts
from engine.owners import owned
from engine.worlds import World, assumptions, worlds
from reachaudit.model.facts import Namespace, NetworkPolicy, Owner, Pod
from reachaudit.model.ip import FAMILIES, Address, Family
from reachaudit.model.store import Change, Facts
from reachaudit.reach import bits
from reachaudit.reach.delta import Flow, end
from reachaudit.reach.engine import Engine
from reachaudit.reach.flows import Flows, flows
from reachaudit.reach.ports import ALL_PORTS, Span, by_protocol
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Value
from reachaudit.settings import Assumptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cases.apiobject import Json
    from reachaudit.reach.party import Party

Pair = tuple[str, str, Family, int]
examples = settings(max_examples=60, deadline=None)


def positions(reach: Reachability) -> set[int]:
    """The first port of every span of every row: between these nothing can change."""
    profiles = [*reach.judge.ingress.all, *reach.judge.egress.all]
    edges = {cell.span.first for profile in profiles for cell in profile.row}
    edges |= {cell.span.last + 1 for profile in profiles for cell in profile.row}
    # There is no port 0: it stands for the protocol's first.
    edges = {edge if edge % 65536 else edge + 1 for edge in edges | {80, ALL_PORTS.first}}
    return {edge for edge in edges if edge <= ALL_PORTS.last}


def pods(reach: Reachability, family: Family) -> Iterator[tuple[Pod, Party]]:
    for pod in reach.identity.pods:
        for party in reach.identity.pod_parties(pod, family):
            if party.number is not None:
                yield pod, party


def judged(reach: Reachability, at: set[int]) -> dict[Pair, Value]:
    """Every pair of workloads on every port, by the judge: the best of all their pods' pairs."""
    found: dict[Pair, Value] = {}
    for family in FAMILIES:
        for one, a in pods(reach, family):
            for other, b in pods(reach, family):
                source, target = (end(reach.identity.workloads[p.ref].ref) for p in (one, other))
                for port in at if one.ref != other.ref else ():
                    pair, value = (source, target, family, port), reach.judge.connection(a, b, port)
                    found[pair] = max(found.get(pair, Value.DENY), value.value)
    return found


def tabled(table: Flows, pairs: Sequence[Pair]) -> dict[Pair, Value]:
    """The same pairs, as the rows have them."""
    found = dict.fromkeys(pairs, Value.DENY)
    for (target, family), row in table.between.items():
        for span, sources in row:
            for plane, value in ((sources.may, Value.UNKNOWN), (sources.must, Value.ALLOW)):
                for number in bits.members(plane):
                    source = end(table.index.refs[number])
                    for pair in pairs:
                        if pair[:3] == (source, end(target), family) and pair[3] in range(
                            span.first, span.last + 1
                        ):
                            found[pair] = value
    return found


@examples
@given(world=worlds(), assumed=assumptions(), data=st.data())
def test_rows_say_what_the_judge_says(
    world: World, assumed: dict[str, str], data: st.DataObject
) -> None:
    facts = owned(data.draw, read_facts(world.objects))
    reach = Reachability(Facts(facts), assumptions_of(assumed))
    expected = judged(reach, positions(reach))
    assert tabled(flows(reach), list(expected)) == expected


def test_one_pod_alone_is_no_flow_of_its_workload() -> None:
    """Blocks let p1 alone send and receive, so that no two pods of the workload connect."""
    block: Json = {"ipBlock": {"cidr": "10.244.1.1/32"}}
    rules: Json = {"ingress": [{"from": [block]}], "egress": [{"to": [block]}]}
    policy: Json = {"kind": "NetworkPolicy", "metadata": {"namespace": "x", "name": "p"}}
    assert isinstance(policy, dict)
    assert isinstance(rules, dict)
    policy["spec"] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], **rules}
    pods = [
        Pod(
            "x", f"p{n}", addresses=(Address("IPv4", (10 << 24) + (244 << 16) + 256 + n),), node="n"
        )
        for n in (1, 2)
    ]
    owned = [msgspec.structs.replace(pod, owner=Owner("Job", "j")) for pod in pods]
    for replicas, expected in ((owned, False), (pods, False)):
        reach = Reachability(Facts([*read_facts([policy]), *replicas]), Assumptions())
        assert any(row for row in flows(reach).between.values()) is expected


@examples
@given(world=worlds(), data=st.data())
def test_the_difference_is_what_changed(world: World, data: st.DataObject) -> None:
    facts = read_facts(world.objects)
    dropped = data.draw(st.sets(st.sampled_from(range(len(facts))), max_size=3))
    gone = (NetworkPolicy, Namespace)  # a missing Namespace makes verdicts UNKNOWN
    kept = [f for i, f in enumerate(facts) if i not in dropped or not isinstance(f, gone)]
    old, new = (Reachability(Facts(some), Assumptions()) for some in (facts, kept))
    at = positions(old) | positions(new)
    before, after = judged(old, at), judged(new, at)
    engine = Engine(Assumptions())
    engine.apply([Change(fact.ref, None, fact, 0.0) for fact in facts])
    gone_facts = [fact for fact in facts if fact not in kept]
    delta = engine.apply([Change(fact.ref, fact, None, 0.0) for fact in gone_facts])
    assert among_pods(delta.gained, at) == turned(before, after, Value.DENY, Value.ALLOW)
    assert among_pods(delta.lost, at) == turned(before, after, Value.ALLOW, Value.DENY)
    assert among_pods(delta.unsure, at) == {
        *turned(before, after, Value.DENY, Value.UNKNOWN),
        *turned(before, after, Value.ALLOW, Value.UNKNOWN),
    }


def turned(
    before: dict[Pair, Value], after: dict[Pair, Value], old: Value, new: Value
) -> set[Pair]:
    return {pair for pair, value in before.items() if value is old and after[pair] is new}


@examples
@given(world=worlds(), data=st.data())
def test_the_order_of_events_is_nothing(world: World, data: st.DataObject) -> None:
    facts = read_facts(world.objects)
    shuffled = data.draw(st.permutations(facts))
    engines = Engine(Assumptions()), Engine(Assumptions())
    engines[0].apply([Change(fact.ref, None, fact, 0.0) for fact in facts])
    for fact in shuffled:
        engines[1].apply([Change(fact.ref, None, fact, 0.0)])
    one, other = (named(engine) for engine in engines)
    assert one == other


def named(engine: Engine) -> dict[tuple[str, Family], list[tuple[Span, set[str], set[str]]]]:
    """An engine's rows with names for bits: those depend on who came first."""
    table = flows(engine.reach)
    refs = table.index.refs
    return {
        (end(target), family): [
            (
                span,
                {end(refs[i]) for i in bits.members(must)},
                {end(refs[i]) for i in bits.members(may)},
            )
            for span, (must, may) in row
        ]
        for (target, family), row in table.between.items()
    }


def among_pods(found: Iterable[Flow], at: set[int]) -> set[Pair]:
    """The flows between pods, port by port."""
    return {
        (flow.source, flow.target, flow.family, port)
        for flow in found
        if flow.source.endswith("[Pod]") and flow.target.endswith("[Pod]")
        for port in at
        for protocol, number, _ in by_protocol(Span(port, port))
        if protocol == flow.protocol and within(number, flow.ports)
    }


def within(port: int, ports: str) -> bool:
    """Whether the words of a flow hold a port: `all ports`, `80, 8000-8100`."""
    if ports == "all ports":
        return True
    spans = (each.partition("-") for each in ports.split(", "))
    return any(int(first) <= port <= int(last or first) for first, _, last in spans)
