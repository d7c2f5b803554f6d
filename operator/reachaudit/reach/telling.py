"""Telling apart: of many parties whom a question cannot tell apart, one is asked about.

Rules know an address by the blocks that hold it alone. While a question is answered for one party,
the sets of signatures that it is looked for in are noted; for all of its kind who lie in the same
of these sets the answer is the same.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from reachaudit.model.ip import Address
from reachaudit.reach.party import Party

T = TypeVar("T")
Who = TypeVar("Who")


def kind(party: Party) -> Hashable:
    """What may be told of a party beside its address: a pod's class, or which node it is."""
    if party.number is not None or not party.node:
        return party.number
    return party.address


class _Asked(NamedTuple):
    """Somebody who is asked about, and the sets that he was looked for in."""

    address: Address
    sets: dict[int, None]


class Telling:
    """Asks questions about parties, and notes what they look at.

    `one_by_one`: every signature is asked about, since each may owe its answer to another rule.
    """

    def __init__(self, signature: Callable[[Address], int]) -> None:
        """`signature`: that of an address."""
        self._signature, self.one_by_one = signature, False
        self._asked: list[_Asked] = []

    def looks_for(self, party: Party, signatures: int) -> None:
        """The question at hand hangs on whether a party's signature is in a set."""
        for asked in self._asked:
            if asked.address == party.address:
                asked.sets[signatures] = None

    def parties(
        self, parties: Iterable[Party], question: Callable[[Party], T]
    ) -> Iterator[tuple[list[Party], T]]:
        """An answer for each group of parties that a question tells apart."""
        return self.answers(parties, question, lambda party: party, kind)

    def answers(
        self,
        asked: Iterable[Who],
        question: Callable[[Who], T],
        party: Callable[[Who], Party],
        kind: Callable[[Who], Hashable],
    ) -> Iterator[tuple[list[Who], T]]:
        """The same for what has a party, and more that tells it apart: its kind."""
        kinds: dict[Hashable, list[Who]] = {}
        for each in asked:
            kinds.setdefault(kind(each), []).append(each)
        for left in kinds.values():
            while left:
                answer, sets = self._ask(left[0], party(left[0]).address, question)
                same, left = self._parted(left, party, sets)
                yield same, answer

    def _ask(
        self, one: Who, address: Address, question: Callable[[Who], T]
    ) -> tuple[T, Iterable[int]]:
        """The answer for one, and what it was looked for in."""
        self._asked.append(_Asked(address, {}))
        try:
            answer = question(one)
        finally:
            sets = self._asked.pop().sets
        return answer, sets

    def _parted(
        self, who: list[Who], party: Callable[[Who], Party], sets: Iterable[int]
    ) -> tuple[list[Who], list[Who]]:
        """Those whom some sets do not tell from the first, and the others.

        Most often there are no sets that could, and no signature is looked up.
        """
        telling = [signatures for signatures in sets if signatures not in (0, -1)]
        if len(who) == 1 or not (telling or self.one_by_one):
            return who, []
        found = [self._signature(party(each).address) for each in who]
        inside = {signatures: signatures >> found[0] & 1 for signatures in telling}
        same, others = list[Who](), list[Who]()
        for each, signature in zip(who, found, strict=True):
            alike = all(s >> signature & 1 == inside[s] for s in telling)
            alike = signature == found[0] if self.one_by_one else alike
            (same if alike else others).append(each)
        return same, others
