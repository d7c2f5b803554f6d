"""Namespace selectors in use, and the classes in the namespaces that they match."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reachaudit.model.facts import Labels, Selector
from reachaudit.model.objects.workloads import default_namespace_labels
from reachaudit.reach.classes import Classes
from reachaudit.reach.labels import matches, matches_partly_known
from reachaudit.reach.terms import Terms
from reachaudit.reach.verdict import Value
from reachaudit.reach.vocabulary import Term


class Matching(NamedTuple):
    """The namespace selectors, by number, that surely match a namespace, and those that may."""

    sure: frozenset[int] = frozenset()
    perhaps: frozenset[int] = frozenset()


class Spaces:
    """Which namespaces each selector matches, by their labels as they are now (NP-20)."""

    def __init__(self, classes: Classes) -> None:
        self._classes, self._terms = classes, Terms()
        self._selectors: dict[int, Selector] = {}
        self._labels: dict[str, Labels] = {}
        self._of: dict[str, Matching] = {}
        self._sure: defaultdict[int, set[str]] = defaultdict(set)
        self._perhaps: defaultdict[int, set[str]] = defaultdict(set)
        self._members: dict[int, tuple[int, int]] = {}
        self._generation = -1

    def number(self, selector: Selector) -> int:
        """The number of a selector in use."""
        return self._terms.number(Term("", selector))

    def add(self, selector: Selector) -> None:
        """Take a selector up."""
        number = self._terms.add(Term("", selector))
        self._selectors[number] = selector
        fresh = frozenset({number})
        for namespace, found in self._of.items():
            value = self._value(selector, namespace)
            if value is Value.ALLOW:
                self._sure[number].add(namespace)
                self._of[namespace] = found._replace(sure=found.sure | fresh)
            elif value is Value.UNKNOWN:
                self._perhaps[number].add(namespace)
                self._of[namespace] = found._replace(perhaps=found.perhaps | fresh)

    def drop(self, selector: Selector) -> None:
        """Forget a selector."""
        number = self._terms.drop(Term("", selector))
        del self._selectors[number]
        self._members.pop(number, None)
        gone = {number}
        for namespace in self._sure.pop(number, set()) | self._perhaps.pop(number, set()):
            found = self._of[namespace]
            self._of[namespace] = Matching(found.sure - gone, found.perhaps - gone)

    def label(self, namespace: str, labels: Labels | None) -> None:
        """Take over a namespace's labels; None where its object is missing."""
        if labels is None:
            self._labels.pop(namespace, None)
        else:
            self._labels[namespace] = labels
        found = self._of.pop(namespace, Matching())
        for numbers, matched in zip(found, (self._sure, self._perhaps), strict=True):
            for number in numbers:
                matched[number].discard(namespace)
        self._generation = -1

    def known(self, namespace: str) -> bool:
        """Whether a namespace's object is there."""
        return namespace in self._labels

    def matching(self, namespace: str) -> Matching:
        """The selectors that match a namespace."""
        found = self._of.get(namespace)
        if found is None:
            found = self._of[namespace] = self._match(namespace)
            for numbers, matched in zip(found, (self._sure, self._perhaps), strict=True):
                for number in numbers:
                    matched[number].add(namespace)
        return found

    def members(self, number: int) -> tuple[int, int]:
        """The classes in namespaces that a selector surely matches, and in those it may match."""
        if self._generation != self._classes.generation:
            self._generation = self._classes.generation
            self._members.clear()
            for namespace in self._classes.in_namespace.keys() - self._of.keys():
                self.matching(namespace)
        found = self._members.get(number)
        if found is None:
            must, may = self._within(self._sure[number]), self._within(self._perhaps[number])
            found = self._members[number] = must, must | may
        return found

    def _within(self, namespaces: Iterable[str]) -> int:
        found, classes = 0, self._classes.in_namespace
        for namespace in namespaces:
            found |= classes.get(namespace, 0)
        return found

    def _match(self, namespace: str) -> Matching:
        labels = self._labels.get(namespace)
        if labels is not None:
            return Matching(self._terms.matched("", labels))
        values = {n: self._value(s, namespace) for n, s in self._selectors.items()}
        return Matching(
            frozenset(_having(values, Value.ALLOW)), frozenset(_having(values, Value.UNKNOWN))
        )

    def _value(self, selector: Selector, namespace: str) -> Value:
        """By the Namespace object's labels; of a missing one only the name is known (NP-20)."""
        labels = self._labels.get(namespace)
        if labels is None:
            return matches_partly_known(selector, dict(default_namespace_labels(namespace)))
        return Value.ALLOW if matches(selector, dict(labels)) else Value.DENY


def _having(values: dict[int, Value], wanted: Value) -> Iterator[int]:
    return (number for number, value in values.items() if value is wanted)
