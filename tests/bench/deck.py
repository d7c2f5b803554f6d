"""A deck that is drawn from: everything comes once before anything comes again."""

from collections.abc import Sequence
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Deck(Generic[T]):
    """Things in random order, shuffled anew each time that all have been drawn."""

    def __init__(self, things: Sequence[T], random: Random) -> None:
        self._things, self._random = list(things), random
        self._left: list[T] = []

    def draw(self) -> T:
        """The next."""
        if not self._left:
            self._left = self._random.sample(self._things, len(self._things))
        return self._left.pop()
