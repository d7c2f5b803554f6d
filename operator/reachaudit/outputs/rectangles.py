"""Pairs of peers as rectangles, all of some sources to all of some targets: few say of many."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from reachaudit.reach import bits


class Rectangle(NamedTuple):
    """All pairs of a source and a target; those of one with itself may be among them or not."""

    sources: int
    targets: int


def rectangles(pairs: Mapping[int, int]) -> list[Rectangle]:
    """The pairs of each target with its set of sources, in rectangles that do not overlap.

    Targets with the same sources are one, or sources with the same targets, whatever makes fewer.
    """
    by_sources = _merged(pairs)
    turned = (Rectangle(r.targets, r.sources) for r in _merged(_turned(pairs)))
    return min([*by_sources], [*turned], key=len)


def _merged(pairs: Mapping[int, int]) -> list[Rectangle]:
    """Others with the same set, and those of which each set lacks itself alone."""
    found: dict[int, int] = {}
    for own, others in pairs.items():
        found[others] = found.get(others, 0) | 1 << own
    alone: defaultdict[int, list[int]] = defaultdict(list)
    for others, own in found.items():
        if not own & (own - 1):
            alone[others | own].append(own)
    whole = {others: owns for others, owns in alone.items() if len(owns) > 1}
    merged = [Rectangle(others, sum(owns)) for others, owns in whole.items()]
    taken = {own for owns in whole.values() for own in owns}
    return merged + [Rectangle(others, own) for others, own in found.items() if own not in taken]


def _turned(pairs: Mapping[int, int]) -> dict[int, int]:
    found: defaultdict[int, int] = defaultdict(int)
    for own, others in pairs.items():
        for other in bits.members(others):
            found[other] |= 1 << own
    return found
