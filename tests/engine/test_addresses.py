"""Which addresses a block holds, also those that are not known yet."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachaudit.model.facts import Namespace, NetworkPolicy, Peer, Pod, PolicyRule
from reachaudit.model.ip import BITS, FAMILIES, UNPLACED, Address, Block, Family, everything
from reachaudit.model.store import Facts
from reachaudit.reach import bits
from reachaudit.reach.addresses import cidrs, merge, minus, overlap
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.signatures import Signatures
from reachaudit.reach.verdict import Reason, Value
from reachaudit.settings import Assumptions, assume

SIZE = 32


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """Draw some run of the first addresses: CIDRs are no different here."""
    first, last = sorted(draw(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))))
    return Block("IPv4", first, last)


def held(found: list[Block]) -> set[int]:
    return {value for block in found for value in range(block.first, block.last + 1)}


some = st.lists(blocks(), max_size=4)


@given(some, some)
def test_sets_of_blocks_are_sets_of_addresses(one: list[Block], other: list[Block]) -> None:
    assert held(merge(one)) == held(one)
    assert held(minus(one, other)) == held(one) - held(other)
    assert held(overlap(merge(one), merge(other))) == held(one) & held(other)
    assert held([c for block in one for c in cidrs(block)]) == held(one)


@given(some)
def test_blocks_are_merged_and_runs_are_cut_as_little_as_can_be(some: list[Block]) -> None:
    merged = merge(some)
    assert all(a.last + 1 < b.first for a, b in pairwise(merged))
    for run in merged:
        ends = [ipaddress.ip_address(value) for value in (run.first, run.last)]
        assert list(map(str, cidrs(run))) == [
            str(net) for net in ipaddress.summarize_address_range(*ends)
        ]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_whole_family_is_one_cidr_that_holds_its_ends(family: Family) -> None:
    whole = everything(family)
    assert cidrs(whole) == merge([whole]) == [whole]
    assert whole.holds(Address(family, 0))
    assert whole.holds(Address(family, (1 << BITS[family]) - 1))
    assert str(whole).endswith("/0")
    signatures = Signatures([whole])
    numbers = {signatures.of(Address(family, value)) for value in (UNPLACED, 0, whole.last)}
    assert signatures.of_family[family] == bits.of(numbers)
    assert len(numbers) == 2


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (Block("IPv4", 10, 11), "0.0.0.10/31"),
        (Block("IPv4", 11, 12), "0.0.0.11-0.0.0.12"),  # as many as a CIDR, begun elsewhere
        (Block("IPv4", 12, 14), "0.0.0.12-0.0.0.14"),
        (Block("IPv6", 1, 2), "::1-::2"),
    ],
)
def test_a_run_that_is_no_cidr_is_told_by_its_ends(block: Block, text: str) -> None:
    assert str(block) == text


@given(st.lists(st.tuples(some, st.booleans()), min_size=1, max_size=4))
def test_signatures_that_follow_blocks_tell_the_same_addresses_apart(
    steps: list[tuple[list[Block], bool]],
) -> None:
    """Whose signature changes is told, and every other address keeps its own."""
    followed = Signatures()
    before = {value: followed.of(Address("IPv4", value)) for value in range(SIZE + 1)}
    for held_now, weighed in steps:
        own = weigh if weighed else None
        moves = followed.hold(held_now, own) if own else followed.hold(held_now)
        built = Signatures(held_now)
        now = {value: followed.of(Address("IPv4", value)) for value in range(SIZE + 1)}
        apart = {value: built.of(Address("IPv4", value)) for value in range(SIZE + 1)}
        assert len(set(zip(now.values(), apart.values(), strict=True))) == len(set(now.values()))
        assert len(set(now.values())) == len(set(apart.values()))
        moved = {v: move.new for move in moves for v in before if within(move.block, v)}
        assert now == before | moved
        assert all(before[v] == m.old for m in moves for v in before if within(m.block, v))
        for value, signature in now.items():
            assert any(within(span, value) for span in followed.spans(signature))
            assert followed.of_family["IPv4"] >> signature & 1
            assert not followed.of_family["IPv6"] >> signature & 1
        for family in FAMILIES:
            spans = [s for n in bits.members(followed.of_family[family]) for s in followed.spans(n)]
            assert merge(spans) == [everything(family)]
            assert sum(s.last - s.first + 1 for s in spans) == 1 << BITS[family]
        before = now


def test_the_part_with_fewer_pods_gets_the_new_signature() -> None:
    low, high = Block("IPv4", 0, 7), Block("IPv4", 8, (1 << 32) - 1)
    for crowded, moved in ((low, high), (high, low)):
        moves = Signatures().hold([low], {low: 1, high: 1, crowded: 9}.__getitem__)
        assert [move.block for move in moves] == [moved]


def test_a_signature_that_nobody_has_any_longer_is_given_again() -> None:
    signatures = Signatures()
    for _ in range(3):
        signatures.hold([Block("IPv4", 0, 7), Block("IPv4", 4, 9)])
        most = signatures.all.bit_length()
        own = signatures.of(Address("IPv4", 5))
        signatures.hold([])
        assert signatures.of(Address("IPv4", 5)) == own or not signatures.spans(own)
    assert most == 4 + 3


def weigh(block: Block) -> int:
    return block.last - block.first


def within(block: Block, value: int) -> bool:
    return block.holds(Address("IPv4", value))


@given(some, blocks(), some)
def test_a_block_holds_what_it_holds_one_by_one(
    others: list[Block], block: Block, excepts: list[Block]
) -> None:
    signatures = Signatures([*others, block, *excepts])
    inside = signatures.inside(block, excepts)
    for value in range(SIZE + 1):
        own = inside >> signatures.of(Address("IPv4", value)) & 1
        assert bool(own) == (value in held([block]) - held(excepts))


@given(st.lists(blocks(), min_size=1, max_size=3), blocks(), some)
def test_an_address_that_is_not_known_is_in_the_ranges(
    ranges: list[Block], block: Block, excepts: list[Block]
) -> None:
    signatures = Signatures([block, *excepts], ranges)
    nowhere = 1 << signatures.of(Address("IPv4", UNPLACED))
    left = held([block]) - held(excepts)
    assert bool(signatures.inside(block, excepts) & nowhere) == (held(ranges) <= left)
    assert bool(signatures.perhaps_inside(block, excepts)) == bool(held(ranges) & left)
    for part in excepts:
        assert bool(signatures.inside(part) & nowhere) == (held(ranges) <= held([part]))
        assert bool(signatures.perhaps_inside(part)) == bool(held(ranges) & held([part]))


def test_ranges_of_one_family_say_nothing_of_the_other() -> None:
    six = everything("IPv6")
    signatures = Signatures([six], [Block("IPv4", 0, 9)])
    nowhere = 1 << signatures.of(Address("IPv6", UNPLACED))
    assert signatures.inside(six) & nowhere
    assert signatures.perhaps_inside(Block("IPv6", 5, 5)) == nowhere


@pytest.mark.parametrize(
    ("ranges", "cidr", "value", "reason"),
    [
        ("unknown", "0.0.0.0/0", Value.ALLOW, None),
        ("unknown", "10.0.0.0/8", Value.UNKNOWN, Reason.NO_ADDRESS),
        ("10.244.0.0/16", "10.0.0.0/8", Value.ALLOW, None),
        ("10.244.0.0/16", "10.244.1.0/24", Value.UNKNOWN, Reason.NO_ADDRESS),
        ("10.244.0.0/16", "203.0.113.0/24", Value.DENY, None),
        ("10.0.0.0/24,10.0.1.0/24", "10.0.0.0/23", Value.ALLOW, None),
        ("fd00::/8", "10.0.0.0/8", Value.UNKNOWN, Reason.NO_ADDRESS),
    ],
)
def test_pods_of_manifests_lie_in_the_ranges_that_are_assumed(
    ranges: str, cidr: str, value: Value, reason: Reason | None
) -> None:
    """EXT-3, NP-30: pod-ranges, both ways."""
    nowhere = (Address("IPv4", UNPLACED),)
    pods = [Pod("x", name, addresses=nowhere, node="n") for name in ("a", "b")]
    net = ipaddress.ip_network(cidr)
    block = Block("IPv4", int(net[0]), int(net[-1]))
    policy = NetworkPolicy("x", "p", ingress=(PolicyRule((Peer(block=block),), None),))
    assumptions = assume(Assumptions(), f"pod-ranges={ranges}")
    reach = Reachability(Facts([*pods, policy, Namespace("", "x")]), assumptions)
    one, other = (reach.identity.pod_parties(pod, "IPv4")[0] for pod in pods)
    found = reach.judge.connection(one, other, 80)
    assert (found.value, found.reason) == (value, reason)
