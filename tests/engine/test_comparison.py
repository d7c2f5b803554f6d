"""What changed between two states, held against both lists and against the engine's delta."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.engine_answers import read_facts
from engine.frontends import frontends
from engine.listed import Listed
from engine.test_flows import within
from engine.test_neighbours import EVERY_EDGE
from engine.worlds import OUTSIDE, worlds
from reachaudit.model.facts import PROTOCOLS, Namespace, NetworkPolicy, Pod, Service
from reachaudit.model.ip import FAMILIES, parse_address, parse_block
from reachaudit.model.store import Change, Facts
from reachaudit.reach import bits
from reachaudit.reach.engine import Engine
from reachaudit.reach.listing.comparison import Comparison
from reachaudit.reach.listing.listing import Listing
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome
from reachaudit.settings import Assumptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reachaudit.model.facts import Fact
    from reachaudit.reach.delta import Flow
    from reachaudit.reach.listing.peers import Peer

examples = settings(max_examples=25, deadline=None)


class Pair(NamedTuple):
    """A flow that changed on a port: by text, so that CIDRs are told apart."""

    source: str
    target: str
    protocol: str
    family: str
    port: int
    before: str
    after: str


class Two(NamedTuple):
    """Two states, and what is asked about them."""

    before: list[Fact]
    after: list[Fact]

    def states(self) -> tuple[Reachability, Reachability]:
        one, other = (Reachability(Facts(facts), Assumptions()) for facts in self)
        return one, other


@st.composite
def twos(draw: st.DrawFn) -> Two:
    """Of one cluster, two parts: policies, namespaces, Services and pods come and go."""
    world, theirs = draw(worlds()), draw(frontends())
    facts = read_facts((*world.objects, *theirs))
    numbers = st.sets(st.sampled_from(range(len(facts))), max_size=4)
    kinds = (NetworkPolicy, Namespace, Service, Pod)
    gone = [draw(numbers), draw(numbers)]
    one, other = (
        [f for i, f in enumerate(facts) if i not in each or not isinstance(f, kinds)]
        for each in gone
    )
    return Two(one, other)


def compared(old: Reachability, new: Reachability) -> tuple[set[Pair], list[tuple[Peer, Peer]]]:
    """All changes on ports at which something can change, and the pairs that they are of."""
    comparison = Comparison(old, new)
    found: set[Pair] = set()
    pairs: list[tuple[Peer, Peer]] = []
    for changed in comparison.changed():
        for number in bits.members(changed.sources):
            source, target = comparison.peers[number], comparison.peers[changed.target]
            pairs.append((source, target))
            for shift in changed.shifts:
                for port in EVERY_EDGE:
                    if any(first <= port <= last for first, last in shift.ports):
                        before, after = shift.before.value, shift.after.value
                        end = str(source), str(target), shift.protocol, shift.family
                        found.add(Pair(*end, port, before, after))
    return found, pairs


@examples
@given(two=twos())
def test_no_pair_is_told_twice_and_back_again_is_the_reverse(two: Two) -> None:
    old, new = two.states()
    there, pairs = compared(old, new)
    back, _ = compared(new, old)
    assert len(set(pairs)) == len(pairs)
    assert back == {pair._replace(before=pair.after, after=pair.before) for pair in there}


@examples
@given(two=twos())
def test_it_is_the_difference_of_two_lists(two: Two) -> None:
    """Among pods and nodes, and from pods to addresses outside."""
    old, new = two.states()
    states = Listed(Listing(old)), Listed(Listing(new))
    changes, _ = compared(old, new)
    pairs = {pair for state in states for pair in state if all(map(is_inside, pair))}
    found = {pair for pair in changes if is_inside(pair.source) and is_inside(pair.target)}
    assert found == set(differing(states, pairs))
    for address in outside(old, new):
        pairs = {(pair[0], address) for state in states for pair in state if is_inside(pair[0])}
        found = {p for p in changes if is_inside(p.source) and holds(p.target, address)}
        assert {p._replace(target=address) for p in found} == set(differing(states, pairs))


@examples
@given(two=twos())
def test_who_comes_in_is_compared_whatever_the_way(two: Two) -> None:
    """PARTIAL is open; where any way is open, whoever comes by another changes nothing."""
    old, new = two.states()
    states = Listed(Listing(old)), Listed(Listing(new))
    changes, _ = compared(old, new)
    workloads = {str(w) for reach in (old, new) for w in reach.identity.workloads.values()}
    for address in outside(old, new):
        for workload in workloads:
            found = {p for p in changes if p.target == workload and holds(p.source, address)}
            told = {(p.protocol, p.family, p.port, p.before, p.after) for p in found}
            assert told == set(entering(states, address, workload)), (address, workload)


@examples
@given(two=twos())
def test_the_engine_counts_the_same_flows(two: Two) -> None:
    """It tells zones where CIDRs are told here: those are held against lists above."""
    engine = Engine(Assumptions())
    engine.apply([Change(fact.ref, None, fact, 0.0) for fact in two.before])
    delta = engine.apply(changes_of(two))
    old, new = two.states()
    changes, _ = compared(old, new)
    for flows, verdicts in (
        (delta.gained, {("DENY", "ALLOW")}),
        (delta.lost, {("ALLOW", "DENY")}),
        (delta.unsure, {("DENY", "UNKNOWN"), ("ALLOW", "UNKNOWN")}),
    ):
        own = {pair for pair in changes if (pair.before, pair.after) in verdicts}
        workloads = {p for p in own if p.source.endswith("]") and p.target.endswith("]")}
        assert {p[:5] for p in workloads} == set(expanded(flows))


def differing(states: tuple[Listed, Listed], pairs: Iterable[tuple[str, str]]) -> Iterator[Pair]:
    """Pairs of which two lists say something else, port by port."""
    ends = product(pairs, PROTOCOLS, FAMILIES, EVERY_EDGE)
    for (source, target), protocol, family, port in ends:
        before, after = (state.direct(source, target, port, protocol, family) for state in states)
        verdicts = [told.outcome.value if told else "DENY" for told in (before, after)]
        if verdicts[0] != verdicts[1]:
            yield Pair(source, target, protocol, family, port, *verdicts)


def entering(
    states: tuple[Listed, Listed], address: str, workload: str
) -> Iterator[tuple[str, str, int, str, str]]:
    """What becomes of a client outside at each port, by the way that is best for it."""
    for family in FAMILIES:
        best: list[dict[tuple[str, int], int]] = [{}, {}]
        for found, state in zip(best, states, strict=True):
            for arrival, told in state.arrivals(address, workload, family).items():
                key, rank = (arrival.protocol, arrival.port), LEVELS.index(LEVEL[told.outcome])
                found[key] = max(found.get(key, 0), rank)
        for key in {*best[0], *best[1]}:
            before, after = (LEVELS[found.get(key, 0)] for found in best)
            if before != after and key[1] in EVERY_EDGE:
                yield key[0], family, key[1], before, after


LEVELS = ("DENY", "UNKNOWN", "ALLOW")
LEVEL = {Outcome.UNKNOWN: "UNKNOWN", Outcome.PARTIAL: "ALLOW", Outcome.ALLOW: "ALLOW"}


def outside(old: Reachability, new: Reachability) -> Iterator[str]:
    """Addresses that are outside in both states."""
    own = [*old.outside.cluster, *new.outside.cluster]
    for text in (*OUTSIDE["v4"], *OUTSIDE["v6"]):
        address = parse_address(text)
        assert address is not None
        if not any(block.holds(address) for block in own):
            yield text


def is_inside(peer: str) -> bool:
    return peer.startswith("node/") or peer.endswith("]")


def holds(peer: str, address: str) -> bool:
    block, found = parse_block(peer), parse_address(address)
    return block is not None and found is not None and block.holds(found)


def changes_of(two: Two) -> list[Change]:
    old, new = ({fact.ref: fact for fact in facts} for facts in two)
    refs = [ref for ref in {**old, **new} if old.get(ref) != new.get(ref)]
    return [Change(ref, old.get(ref), new.get(ref), 0.0) for ref in refs]


def expanded(flows: Iterable[Flow]) -> Iterator[tuple[str, str, str, str, int]]:
    """The flows of a delta between workloads, port by port."""
    for flow in flows:
        if flow.source.endswith("]") and flow.target.endswith("]"):
            for port in EVERY_EDGE:
                if within(port, flow.ports):
                    yield flow.source, flow.target, flow.protocol, flow.family, port
