"""Telling apart: of many strangers whom a question cannot tell apart, one is asked about.

Rules know a stranger by the blocks that hold his address alone. While a question is answered for
one stranger, the sets of signatures that it looks at are noted; for all who lie in the same of
these sets the answer is the same.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from reachaudit.reach import bits
from reachaudit.reach.party import Party

T = TypeVar("T")


class Telling:
    """Asks questions about strangers, and notes what they look at.

    `one_by_one`: every stranger is asked about, since each may owe his answer to another rule.
    """

    def __init__(self, signature: Callable[[Party], int]) -> None:
        """`signature`: that of a stranger's address."""
        self._signature, self.one_by_one = signature, False
        self._asked: list[dict[int, None]] = []

    def looks_at(self, signatures: int) -> None:
        """The question at hand hangs on whether a stranger's signature is in a set."""
        if self._asked:
            self._asked[-1][signatures] = None

    def answers(
        self, strangers: Iterable[Party], question: Callable[[Party], T]
    ) -> Iterator[tuple[list[Party], T]]:
        """An answer for each group of strangers that a question tells apart, in their order."""
        left = {self._signature(stranger): stranger for stranger in strangers}
        while left:
            signature, stranger = next(iter(left.items()))
            self._asked.append({})
            try:
                answer = question(stranger)
            finally:
                asked = self._asked.pop()
            same = 1 << signature if self.one_by_one else bits.of(left)
            for signatures in asked:
                same &= signatures if signatures >> signature & 1 else ~signatures
            yield [left.pop(number) for number in bits.members(same)], answer
