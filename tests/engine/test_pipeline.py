"""Whatever the order of events: the findings and flows are those of the facts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.engine_answers import assumptions_of, read_facts
from engine.frontends import CONTROLLER_LABELS, frontends
from engine.worlds import World, assumptions, worlds
from reachaudit.model.store import Change
from reachaudit.round.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cases.apiobject import Object
    from reachaudit.model.facts import Fact
    from reachaudit.model.names import Ref
    from reachaudit.round.pipeline import Round


CONTROLLERS = read_facts(
    [
        {
            "kind": "Pod",
            "metadata": {"name": "ctl", "namespace": "x", "labels": CONTROLLER_LABELS},
            "spec": {"nodeName": "n1", "containers": [{"name": "c"}]},
            "status": {"phase": "Running", "podIP": "10.244.1.99"},
        }
    ]
)


def pipeline(assumed: dict[str, str]) -> Pipeline:
    return Pipeline(assumptions_of(assumed), frozenset(), lambda: 0.0, lambda: 0.0)


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


@settings(max_examples=100, deadline=None)
@given(world=worlds(), between=frontends(), assumed=assumptions(), data=st.data())
def test_findings_after_any_sequence_are_those_from_scratch(
    world: World, between: list[Object], assumed: dict[str, str], data: st.DataObject
) -> None:
    facts = [*read_facts(world.objects), *read_facts(between), *CONTROLLERS]
    going, state, told = pipeline(assumed), keyed([]), set[str]()
    for _ in range(data.draw(st.integers(2, 4))):
        kept = st.lists(st.sampled_from(facts), min_size=len(facts) // 2)
        target = keyed(data.draw(kept))
        result = going.run(changes(state, target))
        state = target
        scratch = pipeline(assumed).run(changes({}, target))
        assert findings(result) == findings(scratch)
        assert result.summary == scratch.summary
        for transition in result.transitions:  # what is told adds up to what is open
            (told.add if transition.kind == "opened" else told.remove)(
                transition.finding.fingerprint
            )
        assert told == {entry.finding.fingerprint for entry in result.open}
