"""Who is allowed, as sets: what a union lets in, and on whose word."""

from __future__ import annotations

import pytest

from reachaudit.model.facts import (
    ContainerPort,
    Direction,
    NetworkPolicy,
    Peer,
    Pod,
    PolicyPort,
    PolicyRule,
    Selector,
)
from reachaudit.model.ip import Address
from reachaudit.model.store import Facts
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rules import ANYONE, EVERYBODY, NOBODY, Peers, Planes
from reachaudit.reach.verdict import Value
from reachaudit.settings import Assumptions


def test_a_union_lets_in_whom_either_lets_in() -> None:
    one = Peers(classes=0b0001, signatures=0b0010, guarded=frozenset({(0b0100, 0b1000)}))
    other = Peers(classes=0b0010, signatures=0b0001, guarded=frozenset({(0b1000, 0b1000)}))
    both = one | other
    assert [both.by_class(number) for number in (0, 1, 2, 3, None)] == [True, True, *[False] * 3]
    assert [both.by_address(None, signature) for signature in (0, 1, 2, 3)] == [
        True,
        True,
        False,
        False,
    ]
    assert [both.by_address(number, 3) for number in (1, 2, 3, 4)] == [False, True, True, False]
    assert not both.by_address(2, 2)


@pytest.mark.parametrize("number", [None, 0, 7])
def test_whom_everybody_lets_in_comes_in_by_no_blocks_word(number: int | None) -> None:
    """NP-6, NP-13."""
    for peers in (EVERYBODY, EVERYBODY | NOBODY, NOBODY | EVERYBODY):
        assert peers.by_class(number)
        assert Planes(peers, peers).value(number, 0, heed_blocks=False) is Value.ALLOW
    assert not (NOBODY | NOBODY).by_class(number)


def test_what_only_a_block_says_is_not_sure_where_blocks_may_not_match() -> None:
    """NP-30."""
    block = Peers(signatures=0b10)
    guarded = Peers(guarded=frozenset({(0b1, 0b10)}))
    for peers in (block, guarded):
        planes = Planes(peers, peers)
        assert planes.value(0, 1) is Value.ALLOW
        assert planes.value(0, 1, heed_blocks=False) is Value.UNKNOWN
        assert planes.value(0, 0) is Value.DENY
    assert (Planes(NOBODY, NOBODY) | ANYONE).value(None, 5) is Value.ALLOW
    assert (Planes(NOBODY, block) | Planes(NOBODY, NOBODY)).value(0, 1) is Value.UNKNOWN


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_an_opening_says_whose_rule_it_is(direction: Direction) -> None:
    """The second opens a port by name (NP-39), the third one by number."""
    rules = (
        PolicyRule((), None),
        PolicyRule(None, (PolicyPort("TCP", 1, 0, "web"),)),
        PolicyRule(None, (PolicyPort("UDP", 53, 54),)),
    )
    pod = Pod(
        "x",
        "a",
        addresses=(Address("IPv4", 9),),
        node="n",
        ports=(ContainerPort("web", 80, "TCP"),),
    )
    policy = NetworkPolicy("x", "p", ingress=rules, egress=rules, isolates_egress=True)
    reach = Reachability(Facts([pod, policy]), Assumptions())
    profiles = reach.judge.profiles(direction)
    number = reach.identity.number(pod)
    compiled = profiles.compiled(policy)
    assert compiled is not None
    assert number is not None
    found = profiles.compiler.openings(compiled, direction, number, {})
    opened = [(each.span.first % 65536, each.rule) for each in found if each.planes.must != NOBODY]
    assert opened == [(80, 1), (53, 2)]


def test_a_peer_alone_means_whom_it_means_in_its_policy() -> None:
    """NP-15."""
    pods = [
        Pod(home, "a", labels=(("app", "a"),), addresses=(Address("IPv4", place),), node="n")
        for home, place in (("x", 8), ("y", 9))
    ]
    peer = Peer(pods=Selector((("app", "a"),)))
    policy = NetworkPolicy("y", "p", ingress=(PolicyRule((peer,), None),))
    reach = Reachability(Facts([*pods, policy]), Assumptions())
    must = reach.judge.ingress.compiler.peer(policy, peer).must
    assert [must.by_class(reach.identity.number(pod)) for pod in pods] == [False, True]
