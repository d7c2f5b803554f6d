"""Who is who where nothing or not all is known."""

from __future__ import annotations

from reachaudit.model.facts import SOME_NODE, Node, Pod
from reachaudit.model.ip import Address
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.identity import Identity
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions

NODES = [Node("", f"n{n}", addresses=(Address("IPv4", n),)) for n in (1, 2, 3)]
POD = Pod("x", "a", labels=(("app", "a"),), addresses=(Address("IPv4", 9),), node="n1")


def identity(*facts: Node | Pod) -> Identity:
    return Reachability(Facts(facts), Assumptions()).identity


def test_a_pod_that_is_not_there_is_none() -> None:
    found = identity(POD)
    assert found.pod(POD.ref) is POD
    assert found.pod(Ref("Pod", "x", "b")) is None


def test_a_node_that_is_not_known_is_any_of_them() -> None:
    found = identity(*NODES)
    assert found.nodes_named("n2") == [NODES[1]]
    assert found.nodes_named(SOME_NODE) == NODES
    assert found.nodes_named("n4") == []


def test_two_nodes_stand_for_those_that_blocks_do_not_tell_apart() -> None:
    found = identity(*NODES, Node("", "n0"))
    assert found.alike_nodes("IPv4") == ["n1", "n2"]
    assert found.alike_nodes("IPv6") == []


def test_the_pods_of_a_node_are_those_on_it() -> None:
    assert identity(POD, *NODES).pods_on("n1") == [POD]
    assert identity(POD, *NODES).pods_on("n2") == []
