"""The engine and the naive oracle agree on random clusters, cell by cell."""

from __future__ import annotations

from hypothesis import given, settings

from cases.engine_answers import EngineAnswers
from engine.oracle import Oracle
from engine.worlds import World, assumptions, worlds


@settings(max_examples=150, deadline=None)
@given(world=worlds(), assumed=assumptions())
def test_every_cell(world: World, assumed: dict[str, str]) -> None:
    engine, oracle = EngineAnswers(world.objects, assumed), Oracle(world.objects, assumed)
    for query in world.queries:
        answered, expected = engine.cell(*query), oracle.verdict(*query).cell
        assert answered == expected, f"{query}: engine {answered}, oracle {expected}"
