"""The states of the case files told in other orders: the engine must not mind any of them.

Each way to tell states is an *expansion*. After every telling all answers, the delta and the
findings are those of an engine that is built anew.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import msgspec
import pytest

from cases.engine_answers import assumptions_of, read_facts
from cases.runner import all_cases
from engine.following import Follower
from reachaudit.model.store import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cases.casefile import Case
    from reachaudit.model.facts import Fact
    from reachaudit.model.names import Ref

    State = dict[Ref, Fact]
    Telling = list[Change]

EMPTY: State = {}


def states_of(case: Case) -> list[State]:
    return [{fact.ref: fact for fact in read_facts(step.objects)} for step in case.steps]


def between(old: State, new: State) -> Telling:
    pairs = ((ref, old.get(ref), new.get(ref)) for ref in sorted(old.keys() | new.keys()))
    return [Change(ref, before, after, 0.0) for ref, before, after in pairs if before != after]


def each_step(states: Sequence[State]) -> Iterator[Telling]:
    for old, new in zip([EMPTY, *states], states, strict=False):
        yield between(old, new)


def backwards(states: Sequence[State]) -> Iterator[Telling]:
    return each_step(states[::-1])


def with_nothing_between(states: Sequence[State]) -> Iterator[Telling]:
    return each_step([EMPTY, *(each for state in states for each in (state, EMPTY))])


def all_as_one(states: Sequence[State]) -> Iterator[Telling]:
    """There, and back again, each in one telling that names an object once a step."""
    yield between(EMPTY, states[0])
    for path in (states, states[::-1]):
        yield [change for step in list(each_step(path))[1:] for change in step]


def told_again(states: Sequence[State]) -> Iterator[Telling]:
    """What changed is told twice at once, and then all that is there again, as by a relist."""
    for state, step in zip(states, each_step(states), strict=True):
        yield [change for told in step for change in (told, again(told.new)) if change]
        yield [told for fact in state.values() if (told := again(fact))]


def again(fact: Fact | None) -> Change | None:
    return Change(fact.ref, fact, msgspec.structs.replace(fact), 0.0) if fact else None


def one_by_one(states: Sequence[State]) -> Iterator[Telling]:
    """Object by object in no order, from nothing."""
    chance = Random(len(states))
    yield []
    for step in each_step(states):
        yield from ([change] for change in chance.sample(step, len(step)))


EXPANSIONS: list[Callable[[Sequence[State]], Iterator[Telling]]] = [
    each_step,
    backwards,
    with_nothing_between,
    all_as_one,
    told_again,
    one_by_one,
]
CASES = [
    case
    for case in all_cases()
    if len(case.steps) > 1 and all(s.assumptions == case.steps[0].assumptions for s in case.steps)
]


@pytest.mark.parametrize("expansion", EXPANSIONS, ids=lambda expansion: expansion.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.stem}: {case.name}")
def test_however_states_are_told_they_are_what_is_built(
    case: Case, expansion: Callable[[Sequence[State]], Iterator[Telling]]
) -> None:
    follower = Follower(assumptions_of(case.steps[0].assumptions))
    for telling in expansion(states_of(case)):
        follower.tell(telling)
