"""What a change costs: only what hangs on it is worked out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.engine_answers import read_facts
from cases.manifests import read_manifests
from cases.world import World
from reachaudit.model.facts import NetworkPolicy
from reachaudit.model.names import Ref
from reachaudit.model.store import Change
from reachaudit.reach.engine import Engine
from reachaudit.settings import Assumptions

if TYPE_CHECKING:
    from reachaudit.reach.exposure import Exposure

SERVICE = """
kind: Service
metadata: {name: s, namespace: %s}
spec:
  type: NodePort
  clusterIP: 10.96.0.%s
  selector: {app: s}
  ports: [{port: 80, nodePort: 3008%s}]
"""
DENY = NetworkPolicy("y", "deny", isolates_ingress=True)


def test_the_first_change_judges_no_ways_in_that_do_not_hang_on_it() -> None:
    world = World()
    for line in ("node n1 192.168.0.1 podCIDR=10.244.1.0/24", "x/a app=s @n1", "y/a app=s @n1"):
        world.add_line(line)
    for number, namespace in enumerate(("x", "y"), 1):
        for found in read_manifests(SERVICE % (namespace, number, number)):
            world.add_object(found)
    engine = Engine(Assumptions())
    engine.apply([Change(fact.ref, None, fact, 0.0) for fact in read_facts(world.objects())])
    table, judged = engine.reach.exposed.by, list[Ref]()
    work = table.work

    def noted(ref: Ref) -> tuple[Exposure, ...]:
        judged.append(ref)
        return work(ref)

    table.work = noted
    assert engine.apply([Change(DENY.ref, None, DENY, 0.0)]).lost
    assert judged == [Ref("Service", "y", "s")]
