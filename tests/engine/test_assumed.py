"""Which assumptions facts give anything to decide, and that the others change no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.engine_answers import EngineAnswers
from cases.manifests import read_manifests
from cases.world import World as Cluster
from engine.frontends import frontends
from engine.worlds import World, assumptions, worlds
from reachaudit.reach.assumed import alternatives, matters
from reachaudit.settings import OPTIONS, Assumptions, assume

if TYPE_CHECKING:
    from cases.apiobject import Object
    from reachaudit.reach.reachability import Reachability

LINES = ("node n1 192.168.0.1", "x/a pod=a @n1 10.244.1.10", "y/b @n1 10.244.1.11")
HOSTED = ("y/h @n1 hostNetwork",)
BLOCK = """
kind: NetworkPolicy
metadata: {name: p, namespace: x}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.244.1.11/32}}]}]}
"""
SERVICE = """
kind: Service
metadata: {name: s, namespace: x}
spec: {clusterIP: 10.96.0.10, selector: {pod: a}, ports: [{port: 80}]}
"""


def state(*manifests: str, lines: tuple[str, ...] = ()) -> Reachability:
    cluster = Cluster()
    for line in (*LINES, *lines):
        cluster.add_line(line)
    for manifest in manifests:
        for obj in read_manifests(manifest):
            cluster.add_object(obj)
    return EngineAnswers(cluster.objects(), {}).reach


def test_others_differ_in_one_thing() -> None:
    held = Assumptions(pod_range_routed="private")
    found = list(alternatives(state(BLOCK).facts, held))
    assert [(was, instead) for was, instead, _ in found] == [
        ("ip-blocks-match-pods=true", "ip-blocks-match-pods=false"),
        ("ip-blocks-match-nodes=true", "ip-blocks-match-nodes=false"),
        ("policies-enforced=true", "policies-enforced=false"),
        ("enforcer=unknown", "enforcer=kube-router"),
        ("enforcer=unknown", "enforcer=kube-network-policies"),
        ("pod-range-routed=private", "pod-range-routed=false"),
        ("pod-range-routed=private", "pod-range-routed=true"),
    ]
    for was, instead, other in found:
        assert assume(other, was) == held
        assert instead in other.described()


def test_each_assumption_is_tried_where_something_hangs_on_it() -> None:
    bare = {name for name in OPTIONS if matters(name, state().facts)}
    assert bare == {"pod-range-routed"}
    full = {name for name in OPTIONS if matters(name, state(BLOCK, SERVICE, lines=HOSTED).facts)}
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
