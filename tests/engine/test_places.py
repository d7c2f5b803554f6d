"""Who stands at an address, and who stands in a block: by hand, one address after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachaudit.model.facts import Node, Pod
from reachaudit.model.ip import FAMILIES, UNPLACED, Address, Block, Family
from reachaudit.reach.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable

# A shelf of places holds 256 addresses of IPv4, and a /64 of IPv6.
SHELF: dict[Family, int] = {"IPv4": 1 << 8, "IPv6": 1 << 64}


def pod(name: str, *addresses: Address) -> Pod:
    return Pod("x", name, addresses=addresses, node="n")


def v4(value: int) -> Address:
    return Address("IPv4", value)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[Pod], Block]:
    """Pods on the edges of shelves, and a block that begins and ends at such an edge or beside."""

    def edge(family: Family) -> int:
        return draw(st.integers(0, 4)) * SHELF[family] + draw(st.sampled_from([0, 1, -1])) + 1

    def address() -> Address:
        family = draw(st.sampled_from(FAMILIES))
        return Address(family, edge(family))

    found = [
        pod(f"p{n}", *(address() for _ in range(draw(st.integers(1, 2)))))
        for n in range(draw(st.integers(1, 6)))
    ]
    family = draw(st.sampled_from(FAMILIES))
    first, last = sorted([edge(family), edge(family)])
    return found, Block(family, first, last)


@given(crowds())
def test_a_block_has_the_pods_at_its_addresses(crowd: tuple[list[Pod], Block]) -> None:
    pods, block = crowd
    places = Places()
    for each in pods:
        places.put_pod(each)
    expected = {(a, each) for each in pods for a in each.addresses if block.holds(a)}
    found = list(places.within(block))
    assert set(found) == expected
    assert len(found) == len(expected)
    size = SHELF[block.family]
    shelves = range(block.first // size, block.last // size + 1)
    held = {a for each in pods for a in each.addresses if a.family == block.family}
    assert places.count(block) == sum(a.value // size in shelves for a in held)
    for each in pods:
        places.drop_pod(each)
    assert not list(places.within(block))
    assert not places.count(block)


def test_a_pod_of_its_own_goes_before_a_node_and_a_node_before_its_guests() -> None:
    """EXT-3; of several the last by name."""
    here, places, node = v4(9), Places(), Node("", "n", addresses=(v4(9),))
    other = Node("", "m", addresses=(v4(9),))
    steps: list[tuple[Callable[[], None], object]] = [
        (lambda: places.put_guest(pod("g2", here)), pod("g2", here)),
        (lambda: places.put_guest(pod("g1", here)), pod("g2", here)),
        (lambda: places.put_node(node), node),
        (lambda: places.put_node(other), node),
        (lambda: places.put_pod(pod("b", here)), pod("b", here)),
        (lambda: places.put_pod(pod("c", here)), pod("c", here)),
        (lambda: places.put_pod(pod("a", here)), pod("c", here)),
        (lambda: places.drop_pod(pod("c", here)), pod("b", here)),
        (lambda: places.drop_pod(pod("b", here)), pod("a", here)),
        (lambda: places.drop_pod(pod("a", here)), node),
        (lambda: places.drop_node(node), other),
        (lambda: places.drop_node(other), pod("g2", here)),
        (lambda: places.drop_guest(pod("g2", here)), pod("g1", here)),
        (lambda: places.drop_guest(pod("g1", here)), None),
    ]
    for step, expected in steps:
        step()
        assert places.at(here) == expected
        assert places.at(v4(8)) is None


@pytest.mark.parametrize("guest", [True, False])
def test_a_pod_that_changed_stands_where_it_stood(guest: bool) -> None:
    places, old, new = Places(), pod("a", v4(9)), pod("a", v4(9))
    (places.put_guest if guest else places.put_pod)(old)
    places.replace(old, new, guest=guest)
    assert places.at(v4(9)) is new
    assert len(list(places.within(Block("IPv4", 0, 20)))) == (0 if guest else 1)
    (places.drop_guest if guest else places.drop_pod)(new)
    assert places.at(v4(9)) is None


def test_an_address_that_is_not_known_or_listed_twice_is_no_second_place() -> None:
    places, twice = Places(), pod("a", v4(UNPLACED), v4(9), v4(9))
    places.put_pod(twice)
    assert list(places.within(Block("IPv4", 0, 20))) == [(v4(9), twice)]
    assert places.at(v4(UNPLACED)) is None
    places.drop_pod(twice)
    assert places.at(v4(9)) is None
