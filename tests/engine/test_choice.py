"""What a user's words for an end mean, and what is said where they mean nothing."""

from __future__ import annotations

import pytest

from cases.engine_answers import read_facts
from cases.world import World
from engine.listed import flows_of
from reachaudit.model.store import Facts
from reachaudit.reach.ends import EndError
from reachaudit.reach.listing.asking import Request, listing
from reachaudit.reach.listing.neighbours import asked
from reachaudit.settings import Assumptions

LINES = (
    "node n1 192.168.0.1",
    "node n2 192.168.0.2",
    "x/a-0 app=a owner=StatefulSet/a @n1 10.244.1.10",
    "x/a-1 app=a owner=StatefulSet/a @n2 10.244.2.11",
    "x/b app=b @n1",
    "y/c app=c @n2",
    "y/h hostNetwork @n1",
)


def facts() -> Facts:
    world = World()
    for line in LINES:
        world.add_line(line)
    return Facts(read_facts(world.objects()))


def sources(end: str) -> set[str]:
    """The sources of flows to y/c from an end."""
    found = listing(facts(), Assumptions(), Request(source=end, target="y/c"))
    return {line.source for line in flows_of(found.peers, found.alike())}


@pytest.mark.parametrize(
    ("end", "peers"),
    [
        ("x/b", {"x/b[Pod]"}),
        ("x/a", {"x/a[StatefulSet]"}),
        ("x/a[StatefulSet]", {"x/a[StatefulSet]"}),
        ("x/a-0", {"x/a-0[Pod]"}),
        ("10.244.1.10", {"x/a-0[Pod]"}),
        ("namespace/x", {"x/a[StatefulSet]", "x/b[Pod]"}),
        ("node/n2", {"node/n2"}),
        ("192.168.0.2", {"node/n2"}),
    ],
)
def test_an_end_is_the_pods_and_nodes_that_it_names(end: str, peers: set[str]) -> None:
    assert sources(end) == peers


def test_one_pod_of_a_workload_is_told_from_the_rest() -> None:
    found = asked(facts(), Assumptions(), "x/a-0", "sources")
    names = {line.source for line in flows_of(found.peers, found.found)}
    assert {"x/a[StatefulSet]", "x/b[Pod]"} <= names


def test_a_workload_stays_itself_where_namespaces_are_listed() -> None:
    found = listing(facts(), Assumptions(), Request(by="namespace", source="x/b"))
    lines = flows_of(found.peers, found.alike())
    assert {line.source for line in lines} == {"x/b[Pod]"}
    assert {"namespace/y", "namespace/x"} <= {line.target for line in lines}


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("x/z", "there is no pod and no workload x/z"),
        ("namespace/z", "there are no pods in Namespace z"),
        ("node/n9", "there is no node n9"),
        ("10.244.1.99", "nobody is at 10.244.1.99"),
        ("y/h", "y/h is on its nodes' network, where no policy tells it from them"),
        ("svc:x/s", "svc:x/s is a way to pods: name these, or ask who-can-reach svc:ns/name"),
        ("?!", "'?!' names nothing; write ns/name, "),
    ],
)
def test_an_end_that_means_nobody_is_one_sentence(end: str, said: str) -> None:
    with pytest.raises(EndError) as raised:
        sources(end)
    assert str(raised.value).startswith(said)


def test_zones_are_told_of_pods_alone() -> None:
    assert set(asked(facts(), Assumptions(), "x/b", "sources").zones) == {
        *("internet", "private", "nodes")
    }
    assert set(asked(facts(), Assumptions(), "x/b", "targets").zones) == {
        *("internet", "private", "metadata", "link-local", "nodes")
    }
    for end in ("node/n1", "203.0.113.7", "internet"):
        assert asked(facts(), Assumptions(), end, "targets").zones == {}
