"""Python integers as sets of small numbers."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import TypeVar

T = TypeVar("T")
_TRUTH = bytes.maketrans(b"01", b"\x00\x01")


def of(numbers: Iterable[int]) -> int:
    """The set of these numbers."""
    result = 0
    for number in numbers:
        result |= 1 << number
    return result


def members(bits: int) -> Iterator[int]:
    """The numbers in a set, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def chosen(items: Sequence[T], bits: int) -> list[T]:
    """The items whose places are in a set, in order: quick where they are many."""
    places = f"{bits:b}"[::-1].encode().translate(_TRUTH)
    return list(compress(items, places))
