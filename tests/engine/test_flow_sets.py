"""A part of many flows is written out as whole flows, those from and to the outside first."""

from reachaudit.reach.delta import NOTHING, FlowSet, Strip, lines
from reachaudit.reach.ports import ALL_PORTS, Span

NUMBER = 40
ENDS = {number: f"shop/client-{number:02}[Deployment]" for number in range(NUMBER)}
HTTP, EVERYTHING = Span(80, 80), ALL_PORTS


def strips(target: str, *spans: Span, zone: str = "") -> list[Strip]:
    named = frozenset({zone} if zone else ())
    return [Strip(target, True, "IPv4", span, (1 << NUMBER) - 1, named) for span in spans]


MANY = FlowSet(
    (
        *strips("shop/a[Deployment]", HTTP, EVERYTHING),
        *strips("shop/b[Deployment]", EVERYTHING, HTTP),
        *strips("shop/c[Deployment]", HTTP, zone="internet"),
    ),
    ENDS,
)


def test_a_part_holds_as_many_as_are_asked_for_each_as_it_is_among_all() -> None:
    every = list(MANY)
    assert len(every) == len(MANY)
    pairs = len(lines(every))
    for number in range(pairs + 2):
        part = list(MANY.part(number))
        assert min(number, pairs) <= len(lines(part)) <= 2 * number + 1
        assert set(part) <= set(every)


def test_those_from_outside_come_first() -> None:
    assert next(iter(MANY.part(1))) == next(iter(MANY))
    assert next(iter(MANY)).source == "internet"


def test_nothing_has_no_part() -> None:
    assert len(NOTHING.part(10)) == 0
