"""Whatever the order of events: the findings and flows are those of the facts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.engine_answers import read_facts
from engine.worlds import World, worlds
from reachaudit.model.store import Change
from reachaudit.round.pipeline import Pipeline
from reachaudit.settings import Assumptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cases.apiobject import Object
    from reachaudit.model.facts import Fact
    from reachaudit.model.names import Ref
    from reachaudit.round.pipeline import Round


def service(number: int, kind: str, app: str) -> Object:
    port: Object = {"port": 80, "targetPort": "web" if number % 2 else 8080}
    if kind != "ClusterIP":
        port["nodePort"] = 30000 + number
    return {
        "kind": "Service",
        "metadata": {"name": f"s{number}", "namespace": "uvwx"[number % 4]},
        "spec": {"type": kind, "selector": {"app": app}, "ports": [port]},
        "status": {"loadBalancer": {"ingress": [{"ip": f"203.0.113.{number}"}]}},
    }


def ingress(number: int, backend: int) -> Object:
    rule: Object = {"service": {"name": f"s{backend}", "port": {"number": 80}}}
    path: Object = {"path": "/", "pathType": "Prefix", "backend": rule}
    return {
        "kind": "Ingress",
        "metadata": {"name": f"i{number}", "namespace": "uvwx"[backend % 4]},
        "spec": {"rules": [{"host": f"h{number}", "http": {"paths": [path]}}]},
    }


KINDS = st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"])
SERVICES = st.lists(st.builds(service, st.integers(1, 8), KINDS, st.sampled_from("abc")))
INGRESSES = st.lists(st.builds(ingress, st.integers(1, 4), st.integers(1, 8)))


def pipeline() -> Pipeline:
    return Pipeline(Assumptions(), frozenset(), lambda: 0.0, lambda: 0.0)


def changes(old: dict[Ref, Fact], new: dict[Ref, Fact]) -> list[Change]:
    refs = sorted(old.keys() | new.keys())
    pairs = ((ref, old.get(ref), new.get(ref)) for ref in refs)
    return [Change(ref, before, after, 0.0) for ref, before, after in pairs if before != after]


def keyed(facts: Iterable[Fact]) -> dict[Ref, Fact]:
    return {fact.ref: fact for fact in facts}


def findings(result: Round) -> set[tuple[str, str, str]]:
    return {
        (e.finding.fingerprint, e.finding.severity.value, e.finding.message) for e in result.open
    }


@settings(max_examples=40, deadline=None)
@given(world=worlds(), services=SERVICES, ingresses=INGRESSES, data=st.data())
def test_findings_after_any_sequence_are_those_from_scratch(
    world: World,
    services: list[Object],
    ingresses: list[Object],
    data: st.DataObject,
) -> None:
    facts = [*read_facts(world.objects), *read_facts(services), *read_facts(ingresses)]
    going, state, told = pipeline(), keyed([]), set[str]()
    for _ in range(data.draw(st.integers(2, 4))):
        target = keyed(data.draw(st.lists(st.sampled_from(facts))))
        result = going.run(changes(state, target))
        state = target
        scratch = pipeline().run(changes({}, target))
        assert findings(result) == findings(scratch)
        assert result.summary == scratch.summary
        for transition in result.transitions:  # what is told adds up to what is open
            (told.add if transition.kind == "opened" else told.remove)(
                transition.finding.fingerprint
            )
        assert told == {entry.finding.fingerprint for entry in result.open}
