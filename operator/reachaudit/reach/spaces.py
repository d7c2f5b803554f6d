"""Namespace selectors in use, and the classes in the namespaces that they match."""

from collections.abc import Iterator
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
        self._members: dict[int, tuple[int, int]] = {}
        self._generation = 0

    def number(self, selector: Selector) -> int:
        """The number of a selector in use."""
        return self._terms.number(Term("", selector))

    def add(self, selector: Selector) -> None:
        """Take a selector up."""
        number = self._terms.add(Term("", selector))
        self._selectors[number] = selector
        for namespace, found in self._of.items():
            value = self._value(selector, namespace)
            if value is not Value.DENY:
                fresh = frozenset({number})
                self._of[namespace] = (
                    found._replace(sure=found.sure | fresh)
                    if value is Value.ALLOW
                    else found._replace(perhaps=found.perhaps | fresh)
                )

    def drop(self, selector: Selector) -> None:
        """Forget a selector."""
        number = self._terms.drop(Term("", selector))
        del self._selectors[number]
        self._members.pop(number, None)
        for namespace, found in self._of.items():
            if number in found.sure or number in found.perhaps:
                gone = {number}
                self._of[namespace] = Matching(found.sure - gone, found.perhaps - gone)

    def label(self, namespace: str, labels: Labels | None) -> None:
        """Take over a namespace's labels; None where its object is missing."""
        if labels is None:
            self._labels.pop(namespace, None)
        else:
            self._labels[namespace] = labels
        self._of.pop(namespace, None)
        self._members.clear()

    def known(self, namespace: str) -> bool:
        """Whether a namespace's object is there."""
        return namespace in self._labels

    def matching(self, namespace: str) -> Matching:
        """The selectors that match a namespace."""
        found = self._of.get(namespace)
        if found is None:
            found = self._of[namespace] = self._match(namespace)
        return found

    def members(self, number: int) -> tuple[int, int]:
        """The classes in namespaces that a selector surely matches, and in those it may match."""
        if self._generation != self._classes.generation:
            self._generation = self._classes.generation
            self._members.clear()
        found = self._members.get(number)
        if found is None:
            found = self._members[number] = self._gather(number)
        return found

    def _gather(self, number: int) -> tuple[int, int]:
        must = may = 0
        for namespace, classes in self._classes.in_namespace.items():
            matching = self.matching(namespace)
            if number in matching.sure:
                must |= classes
            elif number in matching.perhaps:
                may |= classes
        return must, must | may

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
