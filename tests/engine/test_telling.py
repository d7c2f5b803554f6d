"""One is asked for all whom a question cannot tell apart, and the answer is that of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cases.engine_answers import assumptions_of, read_facts
from engine.frontends import frontends
from engine.owners import owned
from engine.worlds import World, assumptions, worlds
from reachaudit.model.store import Facts
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.telling import T, Telling, Who

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from reachaudit.model.facts import Fact
    from reachaudit.reach.party import Party


class AskingEach(Telling):
    """Asks about everybody."""

    def answers(
        self,
        asked: Iterable[Who],
        question: Callable[[Who], T],
        party: Callable[[Who], Party],  # noqa: ARG002
        kind: Callable[[Who], Hashable],  # noqa: ARG002
    ) -> Iterator[tuple[list[Who], T]]:
        for one in asked:
            yield [one], question(one)


@st.composite
def facts_of(draw: st.DrawFn) -> list[Fact]:
    world: World = draw(worlds())
    return owned(draw, [*read_facts(world.objects), *read_facts(draw(frontends()))])


@settings(max_examples=150, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(facts=facts_of(), assumed=assumptions())
def test_ways_in_are_as_if_each_were_asked(facts: list[Fact], assumed: dict[str, str]) -> None:
    one, each = (Reachability(Facts(facts), assumptions_of(assumed)) for _ in range(2))
    each.identity.telling = AskingEach(each.identity.signatures.of)
    assert outcomes(one) == outcomes(each)


def outcomes(reach: Reachability) -> list[tuple[object, ...]]:
    return [
        (e.zone, e.family, e.workload, e.by, e.way, e.port, e.verdict.outcome)
        for e in reach.exposures
    ]
