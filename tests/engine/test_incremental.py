"""The engine that follows changes, held against one that is built anew after each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.engine_answers import assumptions_of, read_facts
from engine.following import Follower, arrivals
from engine.frontends import frontends
from engine.owners import owned
from engine.worlds import World, assumptions, worlds
from reachaudit.model.facts import Controller, Fact, Owner
from reachaudit.model.store import Change

if TYPE_CHECKING:
    from reachaudit.model.names import Ref

examples = settings(max_examples=80, deadline=None)


class Story(NamedTuple):
    """Facts from the start, and what becomes of them one after another."""

    start: list[Fact]
    changes: list[Change]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw two worlds: objects of the one become those of the other, go, and come again."""
    start, other = (_facts(draw) for _ in range(2))
    pool = {fact.ref: [fact] for fact in start}
    for fact in other:
        pool.setdefault(fact.ref, []).append(fact)
    now: dict[Ref, Fact] = {fact.ref: fact for fact in start}
    changes = []
    for ref in draw(st.lists(st.sampled_from(sorted(pool)), min_size=1, max_size=8)):
        new = draw(st.sampled_from([None, *pool[ref]]))
        old = now.pop(ref, None)
        if new is not None:
            now[ref] = new
        if old != new:
            changes.append(Change(ref, old, new, 0.0))
    return Story(start, changes)


def _facts(draw: st.DrawFn) -> list[Fact]:
    world: World = draw(worlds())
    facts = [*read_facts(world.objects), *read_facts(draw(frontends()))]
    found = owned(draw, facts)
    for namespace in draw(st.sets(st.sampled_from(["u", "v"]))):
        top = draw(st.sampled_from([Owner("Deployment", "d1"), None]))
        found.append(Controller(namespace, "r1", kind_name="ReplicaSet", owner=top))
    return list({fact.ref: fact for fact in found}.values())


@examples
@given(story=stories(), assumed=assumptions())
def test_following_is_the_same_as_building_anew(story: Story, assumed: dict[str, str]) -> None:
    follower = Follower(assumptions_of(assumed), frozenset({"x"}))
    follower.tell(arrivals(story.start))
    for change in story.changes:
        follower.tell([change])


@examples
@given(story=stories(), assumed=assumptions(), steps=st.sampled_from([2, 8]))
def test_many_changes_are_as_one(story: Story, assumed: dict[str, str], steps: int) -> None:
    follower = Follower(assumptions_of(assumed), frozenset({"x"}))
    follower.tell(arrivals(story.start))
    for first in range(0, len(story.changes), steps):
        follower.tell(story.changes[first : first + steps])
