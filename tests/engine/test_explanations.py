"""Explanations hold in random clusters, too."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.casefile import Step
from cases.explained import Cell, Explained
from engine.worlds import World, assumptions, worlds


@settings(max_examples=40, deadline=None)
@given(world=worlds(), assumed=assumptions(), data=st.data())
def test_cells_of_a_world(world: World, assumed: dict[str, str], data: st.DataObject) -> None:
    explained = Explained(Step(world.objects, assumed, (), None, None))
    for query in data.draw(st.lists(st.sampled_from(world.queries), min_size=1, max_size=8)):
        explained.check(Cell(*query, written=explained.answers.cell(*query)))
