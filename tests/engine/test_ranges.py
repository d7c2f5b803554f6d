"""Few CIDRs for many addresses, sets that overlap cut apart, and pairs in rectangles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reachaudit.model.ip import Block, parse_block
from reachaudit.outputs.rectangles import rectangles
from reachaudit.reach import bits
from reachaudit.reach.addresses import cidrs, minus
from reachaudit.reach.listing.alike import Label, Ports, openings, parted
from reachaudit.reach.listing.ranges import cover
from reachaudit.reach.ports import ALL_PORTS, Span, position
from reachaudit.reach.verdict import Outcome, Reason


def blocks(*texts: str) -> list[Block]:
    return [block for text in texts if (block := parse_block(text))]


def covered(wanted: list[Block], careless: list[Block]) -> list[str]:
    return list(map(str, cover(wanted, careless)))


def test_the_clusters_own_addresses_do_not_cut_the_outside_in_pieces() -> None:
    own = blocks("10.244.0.0/16", "192.168.0.1/32")
    assert covered(minus(blocks("0.0.0.0/0"), own), own) == ["0.0.0.0/0"]
    assert covered(minus(blocks("10.0.0.0/8"), own), own) == ["10.0.0.0/8"]


def test_they_are_left_out_where_that_takes_no_more_cidrs() -> None:
    assert covered(blocks("10.245.0.0/16"), blocks("10.244.0.0/16")) == ["10.245.0.0/16"]
    assert covered(blocks("8.8.8.8/32"), blocks("8.8.8.9/32")) == ["8.8.8.8/32"]


def test_families_never_meet() -> None:
    both = blocks("0.0.0.0/0", "::/0")
    assert covered(both, []) == ["0.0.0.0/0", "::/0"]


some_blocks = st.lists(
    st.tuples(st.integers(0, 63), st.integers(0, 15)).map(
        lambda drawn: Block("IPv4", drawn[0], drawn[0] + drawn[1])
    ),
    max_size=6,
)


@given(wanted=some_blocks, careless=some_blocks)
def test_all_that_is_wanted_is_covered_and_nothing_that_matters(
    wanted: list[Block], careless: list[Block]
) -> None:
    wanted = minus(wanted, careless)
    found = cover(wanted, careless)
    assert minus(wanted, found) == []
    assert minus(found, [*wanted, *careless]) == []
    assert all(cidrs(block) == [block] for block in found)
    assert len(found) <= sum(len(cidrs(block)) for block in wanted)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 255)), max_size=8))
def test_parts_are_apart_and_know_all_labels(pieces: list[tuple[int, int]]) -> None:
    parts = parted(pieces)
    for one in range(8):
        labels = [label for label, members in pieces if members >> one & 1]
        found = [list(own) for own, members in parts if members >> one & 1]
        assert found == ([labels] if labels else [])


def test_neighbouring_spans_are_one_range_and_protocols_are_apart() -> None:
    udp = position("UDP", 53)
    labels = [
        Label("IPv4", span, Outcome.ALLOW)
        for span in (Span(80, 80), Span(81, 90), Span(443, 443), Span(udp, udp))
    ]
    assert [(o.protocol, o.ports) for o in openings(tuple(labels))] == [
        ("TCP", (Ports(80, 90), Ports(443, 443))),
        ("UDP", (Ports(53, 53),)),
    ]
    doubt = Label("IPv4", ALL_PORTS, Outcome.UNKNOWN, Reason.VENDOR_POLICY)
    assert {opening.ports for opening in openings((doubt,))} == {(Ports(1, 65535),)}


@given(st.dictionaries(st.integers(0, 7), st.integers(1, 255), max_size=8))
def test_rectangles_hold_just_the_pairs_but_for_those_of_one_with_itself(
    pairs: dict[int, int],
) -> None:
    wanted = {(s, t) for t, sources in pairs.items() for s in bits.members(sources)}
    found = [
        (source, target)
        for sources, targets in rectangles(pairs)
        for source in bits.members(sources)
        for target in bits.members(targets)
    ]
    assert len(found) == len(set(found))
    assert {(s, t) for s, t in found if s != t} == {(s, t) for s, t in wanted if s != t}


def test_whoever_reaches_all_but_itself_is_one_rectangle() -> None:
    everybody = 0b1111
    assert len(rectangles({own: everybody & ~(1 << own) for own in range(4)})) == 1
