"""The engine and the naive oracle agree on random clusters, flow by flow."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings

from cases.engine_answers import EngineAnswers
from engine.oracle import Oracle
from engine.worlds import World, assumptions, worlds

# `make soak` asks for more.
WANTED = int(os.environ.get("ORACLE_FLOWS", "100_000"))
examples = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_flow_by_flow() -> None:
    """Every pair of ends, on many ports, until enough flows are compared."""
    compared = 0

    @examples
    @given(world=worlds(asked=16), assumed=assumptions())
    def agree(world: World, assumed: dict[str, str]) -> None:
        nonlocal compared
        engine, oracle = EngineAnswers(world.objects, assumed), Oracle(world.objects, assumed)
        asked = dict.fromkeys(world.queries)
        for query in asked:
            answered, expected = engine.cell(*query), oracle.verdict(*query).cell
            assert answered == expected, f"{query}: engine {answered}, oracle {expected}"
        compared += len(asked)

    while compared < WANTED:
        agree()
    assert compared >= WANTED
    print(f"{compared:,} flows compared")
