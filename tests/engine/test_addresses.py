"""Which addresses a block holds, also those that are not known yet."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachaudit.model.facts import Namespace, NetworkPolicy, Peer, Pod, PolicyRule
from reachaudit.model.ip import UNPLACED, Address, Block, everything
from reachaudit.model.store import Facts
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
