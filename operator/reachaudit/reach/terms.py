"""Selectors in use by number, and what labels match them."""

from collections import defaultdict
from collections.abc import Iterator

from reachaudit.model.facts import Labels, Selector
from reachaudit.reach.labels import matches
from reachaudit.reach.vocabulary import Term

_Label = tuple[str, str]


class Terms:
    """Pod selectors in use; numbers make them cheap to hold and to compare.

    Found by a label that they ask for: most of them ask for one that few pods have.
    """

    def __init__(self) -> None:
        self._numbers: dict[Term, int] = {}
        self._free: list[int] = []
        self._next = 0
        self._asking: defaultdict[str, defaultdict[_Label, dict[int, Selector]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self._others: defaultdict[str, dict[int, Selector]] = defaultdict(dict)

    def number(self, term: Term) -> int:
        """The number of a term in use."""
        return self._numbers[term]

    def add(self, term: Term) -> int:
        """Take a term up."""
        number = self._free.pop() if self._free else self._next
        self._next = max(self._next, number + 1)
        self._numbers[term] = number
        self._shelf(term)[number] = term.pods
        return number

    def drop(self, term: Term) -> int:
        """Forget a term; answer the number that it had."""
        number = self._numbers.pop(term)
        self._free.append(number)
        del self._shelf(term)[number]
        return number

    def matched(self, namespace: str, labels: Labels) -> frozenset[int]:
        """The terms that match a pod."""
        known = dict(labels)
        return frozenset(
            number
            for number, selector in self._candidates(namespace, labels)
            if _is_one_label(selector) or matches(selector, known)
        )

    def _shelf(self, term: Term) -> dict[int, Selector]:
        asked = term.pods.labels
        return self._asking[term.home][asked[0]] if asked else self._others[term.home]

    def _candidates(self, namespace: str, labels: Labels) -> Iterator[tuple[int, Selector]]:
        for home in (namespace, ""):
            if home in self._others:
                yield from self._others[home].items()
            asking = self._asking.get(home)
            for label in labels if asking else ():
                if asking and label in asking:
                    yield from asking[label].items()


def _is_one_label(selector: Selector) -> bool:
    """Whether all that it asks for is the label by which it was found."""
    return len(selector.labels) == 1 and not selector.expressions


def may_match(term: Term, labels: Labels) -> bool:
    """Whether labels have the first that a term asks for: quick, before `matches` is asked."""
    return not term.pods.labels or term.pods.labels[0] in labels
