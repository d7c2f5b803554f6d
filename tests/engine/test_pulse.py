"""Many changes become one round, at the right time and with nothing lost."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.virtualtime import run
from reachaudit.model.facts import Fact, Namespace
from reachaudit.model.names import Ref
from reachaudit.model.parse import Item
from reachaudit.model.store import Change, Store
from reachaudit.watch.pulse import Pulse

Script = Callable[[Pulse], Awaitable[None]]
Round = tuple[float, list[Change]]


def fact(name: str, value: str) -> Namespace:
    return Namespace("", name, labels=(("value", value),))


def change(name: str, old: str | None, new: str | None, arrived: float = 0.0) -> Change:
    before, after = (fact(name, value) if value else None for value in (old, new))
    return Change(Ref("Namespace", "", name), before, after, arrived)


def rounds_of(script: Script, pause: float = 0.0, synced: bool = True) -> list[Round]:
    """The rounds that come while and after a script runs, each with its time."""

    async def main() -> list[Round]:
        ready, rounds = asyncio.Event(), list[Round]()
        pulse = Pulse(ready)

        async def consume() -> None:
            async for changes in pulse.rounds():
                rounds.append((round(asyncio.get_running_loop().time(), 6), changes))
                await asyncio.sleep(pause)

        consumer = asyncio.create_task(consume())
        if synced:
            ready.set()
            await asyncio.sleep(1)  # the first round, of nothing, is over
        await script(pulse)
        ready.set()
        await asyncio.sleep(10)
        consumer.cancel()
        return rounds

    return run(main())


def test_a_round_comes_after_a_quiet_time() -> None:
    async def script(pulse: Pulse) -> None:
        for number in range(3):
            pulse.offer([change(f"n{number}", None, "a")])
            await asyncio.sleep(0.015)

    first, second = rounds_of(script)
    assert first == (0.02, [])
    assert second == (1.05, [change(f"n{number}", None, "a") for number in range(3)])


def test_a_round_does_not_wait_for_quiet_for_ever() -> None:
    async def script(pulse: Pulse) -> None:
        for number in range(30):
            pulse.offer([change(f"n{number}", None, "a")])
            await asyncio.sleep(0.01)

    _, *rounds = rounds_of(script)
    assert [(time, len(changes)) for time, changes in rounds] == [(1.2, 20), (1.31, 10)]


def test_nothing_comes_before_all_is_synced_and_then_everything() -> None:
    async def script(pulse: Pulse) -> None:
        pulse.offer([change("a", None, "1")])
        await asyncio.sleep(5)
        pulse.offer([change("b", None, "1")])
        await asyncio.sleep(5)

    assert rounds_of(script, synced=False) == [
        (10.0, [change("a", None, "1"), change("b", None, "1")])
    ]


def test_nothing_comes_while_a_kind_is_missing_again_and_then_everything_as_one() -> None:
    async def main() -> list[tuple[float, int]]:
        ready, rounds = asyncio.Event(), list[tuple[float, int]]()
        pulse = Pulse(ready)
        ready.set()

        async def consume() -> None:
            async for changes in pulse.rounds():
                rounds.append((round(asyncio.get_running_loop().time(), 6), len(changes)))

        consumer = asyncio.create_task(consume())
        await asyncio.sleep(1)
        ready.clear()
        for number in range(3):
            pulse.offer([change(f"n{number}", None, "a")])
            await asyncio.sleep(1)
        ready.set()
        await asyncio.sleep(1)
        consumer.cancel()
        return rounds

    assert run(main()) == [(0.02, 0), (4.0, 3)]


def test_changes_are_net_in_order_of_arrival_and_as_old_as_the_first() -> None:
    async def script(pulse: Pulse) -> None:
        pulse.offer([change("a", "1", "2", 0.1), change("b", None, "1", 0.2)])
        pulse.offer([change("a", "2", None, 0.3), change("c", "1", "2", 0.4)])
        pulse.offer([change("a", None, "3", 0.5)])

    _, (_, changes) = rounds_of(script)
    assert changes == [
        change("a", "1", "3", 0.1),
        change("b", None, "1", 0.2),
        change("c", "1", "2", 0.4),
    ]


def test_what_comes_to_nothing_makes_no_round() -> None:
    async def script(pulse: Pulse) -> None:
        pulse.offer([change("a", "1", "2")])
        pulse.offer([change("a", "2", "1")])

    assert rounds_of(script) == [(0.02, [])]


def test_a_slow_round_holds_nobody_up_and_the_next_takes_all() -> None:
    async def script(pulse: Pulse) -> None:
        for number in range(1000):
            pulse.offer([change("a", str(number), str(number + 1), float(number))])
            await asyncio.sleep(0.001)

    _, *rounds = rounds_of(script, pause=3)
    assert rounds == [(3.02, [change("a", "0", "1000", 0.0)])]


def test_it_can_be_woken_though_nothing_changed() -> None:
    async def script(pulse: Pulse) -> None:
        pulse.wake()

    assert rounds_of(script) == [(0.02, []), (1.02, [])]


STEPS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from([None, "1", "2"]),
        st.sampled_from([0, 0.001, 0.03, 0.3]),
    ),
    max_size=30,
)


@given(STEPS, st.sampled_from([0, 0.05, 1]))
def test_the_rounds_lead_where_the_changes_lead(
    steps: Sequence[tuple[str, str | None, float]], pause: float
) -> None:
    store = Store()

    async def script(pulse: Pulse) -> None:
        for name, value, wait in steps:
            ref = Ref("Namespace", "", name)
            if value is None:
                pulse.offer(store.drop(ref, 0.0))
            else:
                pulse.offer(store.put(Item(ref, "", "", fact(name, value), ()), 0.0))
            await asyncio.sleep(wait)

    known: dict[Ref, Fact | None] = {}
    for _, changes in rounds_of(script, pause):
        assert len({each.ref for each in changes}) == len(changes)
        for ref, old, new, _ in changes:
            assert known.get(ref) == old != new
            known[ref] = new
    stored = {ref: item.fact for ref, item in store.items("Namespace").items()}
    assert {ref: new for ref, new in known.items() if new is not None} == stored


def test_time_is_virtual_and_a_deadlock_is_an_error() -> None:
    with pytest.raises(AssertionError, match="nothing will ever happen"):
        run(asyncio.Event().wait())


def test_a_round_that_is_asked_for_later_comes_once() -> None:
    async def script(pulse: Pulse) -> None:
        pulse.wake(3.0)
        await asyncio.sleep(2)
        pulse.wake(3.0)

    assert rounds_of(script) == [(0.02, []), (4.02, [])]
