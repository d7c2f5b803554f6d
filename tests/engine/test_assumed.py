"""What an answer rests on: the assumptions without which it would be another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.engine_answers import EngineAnswers
from cases.manifests import read_manifests
from cases.world import World as Cluster
from engine.frontends import frontends
from engine.worlds import World, assumptions, worlds
from reachaudit.model.facts import Service
from reachaudit.model.ip import parse_address
from reachaudit.model.names import Ref
from reachaudit.reach.assumed import Alternatives, Question, matters
from reachaudit.reach.ports import position
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.resolve import by_name
from reachaudit.reach.verdict import PathVerdict
from reachaudit.settings import OPTIONS

if TYPE_CHECKING:
    from cases.apiobject import Object

LINES = ("node n1 192.168.0.1", "x/a pod=a @n1 10.244.1.10", "y/b @n1 10.244.1.11")
HOSTED = "y/h @n1 hostNetwork"
BLOCK = """
kind: NetworkPolicy
metadata: {name: p, namespace: x}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.244.1.11/32}}]}]}
"""
DENY = "{kind: NetworkPolicy, metadata: {name: d, namespace: x}, spec: {podSelector: {}}}"
SERVICE = """
kind: Service
metadata: {name: s, namespace: x}
spec: {clusterIP: 10.96.0.10, selector: {pod: a}, ports: [{port: 80}]}
"""


def state(*parts: str, **assumed: str) -> Reachability:
    cluster = Cluster()
    for line in (*LINES, *(part for part in parts if part.count("\n") == 0 and part[0] != "{")):
        cluster.add_line(line)
    for part in parts:
        for obj in read_manifests(part) if part[0] in "\n{" else ():
            cluster.add_object(obj)
    settings = {name.replace("_", "-"): value for name, value in assumed.items()}
    return EngineAnswers(cluster.objects(), settings).reach


def dials(source: str, target: str) -> Question:
    """One address dials another on TCP 80."""

    def ask(reach: Reachability) -> PathVerdict:
        one, other = parse_address(source), parse_address(target)
        assert one is not None
        assert other is not None
        at = reach.identity.at
        return reach.paths.to_party(at(one), at(other), position("TCP", 80))

    return ask


def asks_service(source: str) -> Question:
    """An address dials the Service by its name."""

    def ask(reach: Reachability) -> PathVerdict:
        client = parse_address(source)
        service = reach.facts.get(Service, Ref("Service", "x", "s"))
        assert client is not None
        assert service is not None
        return by_name(reach.paths, reach.identity.at(client), service, 80, "TCP")

    return ask


@pytest.mark.parametrize(
    ("reach", "question", "rests"),
    [
        (state(), dials("10.244.1.11", "10.244.1.10"), ()),
        (state(DENY), dials("10.244.1.11", "10.244.1.10"), ("policies-enforced=true",)),
        (
            state(BLOCK),
            dials("10.244.1.11", "10.244.1.10"),
            ("ip-blocks-match-pods=true",),
        ),
        (
            state(BLOCK, ip_blocks_match_pods="false"),
            dials("10.244.1.11", "10.244.1.10"),
            ("ip-blocks-match-pods=false", "policies-enforced=true"),
        ),
        (state(), dials("203.0.113.7", "10.244.1.10"), ("pod-range-routed=false",)),
        (
            state(pod_range_routed="true"),
            dials("203.0.113.7", "10.244.1.10"),
            ("pod-range-routed=true",),
        ),
        (
            state(pod_range_routed="private"),
            dials("10.50.0.9", "10.244.1.10"),
            ("pod-range-routed=private",),
        ),
        (state(SERVICE), asks_service("203.0.113.7"), ("service-range-routed=false",)),
        (state(SERVICE), asks_service("10.244.1.11"), ()),
        (
            state(SERVICE, DENY),
            asks_service("10.244.1.10"),
            ("policies-enforced=true", "enforcer=unknown"),
        ),
        (
            state(SERVICE, DENY, enforcer="kube-router"),
            asks_service("10.244.1.10"),
            ("enforcer=kube-router",),
        ),
    ],
)
def test_the_assumptions_that_an_answer_rests_on(
    reach: Reachability, question: Question, rests: tuple[str, ...]
) -> None:
    assert Alternatives(reach).rests_on(question) == rests


def test_each_assumption_is_tried_where_something_hangs_on_it() -> None:
    bare = {name for name in OPTIONS if matters(name, state().facts)}
    assert bare == {"pod-range-routed"}
    full = {name for name in OPTIONS if matters(name, state(HOSTED, BLOCK, SERVICE).facts)}
    assert full == bare | {
        *("ip-blocks-match-pods", "ip-blocks-match-nodes", "host-network", "policies-enforced"),
        *("enforcer", "service-range-routed", "node-port-addresses", "node-port-clients"),
    }


examples = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@examples
@given(world=worlds(), ways=frontends(), assumed=assumptions(), data=st.data())
def test_what_is_not_tried_changes_nothing(
    world: World, ways: list[Object], assumed: dict[str, str], data: st.DataObject
) -> None:
    objects = [*world.objects, *ways]
    answers = EngineAnswers(objects, assumed)
    idle = [name for name in OPTIONS if not matters(name, answers.reach.facts)]
    for name in idle:
        word = data.draw(st.sampled_from([*OPTIONS[name].words]))
        other = EngineAnswers(objects, {**assumed, name: word})
        assert [other.cell(*q) for q in world.queries] == [answers.cell(*q) for q in world.queries]
        assert other.reach.exposures == answers.reach.exposures
        assert other.reach.node_exposures == answers.reach.node_exposures
