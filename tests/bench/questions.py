"""The questions that intents ask: is any flow open from these pods to those, on such a port?"""

from collections import defaultdict
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from bench.clusters import Cluster
from reachaudit.model.facts import Direction, Labels, Namespace, Peer, Selector
from reachaudit.reach import bits
from reachaudit.reach.columns import Column
from reachaudit.reach.ports import ALL_PORTS, Span
from reachaudit.reach.ports import span as ports_of
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import Row

_PORTS = (80, 443, 3306, 5432, 6379, 8080, 9000, 9090)


class Question(NamedTuple):
    """Sources and targets by selectors of namespaces and pods, and ports on the line."""

    sources: Peer
    targets: Peer
    ports: Span


def questions(made: Cluster, seed: int, count: int = 1_000) -> list[Question]:
    """Random questions, made of the selectors that policies use."""
    random = Random(f"{seed} questions")
    peers = made.more_policies(random)
    return [Question(peers.anywhere(), peers.anywhere(), _ports(random)) for _ in range(count)]


def _ports(random: Random) -> Span:
    chance = random.random()
    if chance < 0.1:
        return ALL_PORTS
    if chance < 0.2:
        return ports_of("TCP", 1, 65535)
    number = random.choice(_PORTS)
    return ports_of("TCP", number, number)


def answers(reach: Reachability, asked: Iterable[Question]) -> list[bool]:
    """Whether some flow is surely open, question by question."""
    answering = _Answering(reach)
    return [answering.open(question) for question in asked]


class _Answering:
    """Answers about one state: what a class allows, and who allows it, is worked out once."""

    def __init__(self, reach: Reachability) -> None:
        self._classes = _ClassesByLabels(reach)
        self._allowing_in = _Side(reach, "ingress", "egress")
        self._allowing_out = _Side(reach, "egress", "ingress")

    def open(self, question: Question) -> bool:
        """Looks from the end that has fewer classes."""
        sources, targets = map(self._classes.of, (question.sources, question.targets))
        if targets.bit_count() <= sources.bit_count():
            return self._allowing_in.some(targets, sources, question.ports)
        return self._allowing_out.some(sources, targets, question.ports)


class _Side:
    """One end's own rules in one direction, and the other ends' in the other."""

    def __init__(self, reach: Reachability, own: Direction, others: Direction) -> None:
        self._rows, self._own, self._others = reach.rows, own, others
        self._by_number = reach.identity.classes.by_number
        self._allowed: dict[int, Row] = {}
        self._columns: dict[int, Column] = {}

    def some(self, own: int, others: int, ports: Span) -> bool:
        """Whether any of these classes connects with any of the others on some port."""
        return any(
            asked & allowing.must
            for number in bits.members(own)
            for span, ends in self._allowed_by(number)
            if (asked := ends.must & others) and (on := _overlap(span, ports))
            for _, allowing in self._column(number).on(on)
        )

    def _allowed_by(self, number: int) -> Row:
        if number not in self._allowed:
            row = self._rows.allowed_by(self._by_number[number], "IPv4", self._own)
            self._allowed[number] = row
        return self._allowed[number]

    def _column(self, number: int) -> Column:
        if number not in self._columns:
            column = self._rows.column(self._by_number[number], "IPv4", self._others)
            self._columns[number] = column
        return self._columns[number]


def _overlap(one: Span, other: Span) -> Span | None:
    first, last = max(one.first, other.first), min(one.last, other.last)
    return Span(first, last) if first <= last else None


class _ClassesByLabels:
    """Sets of classes by what any selectors say of their pods, in use by a policy or not."""

    def __init__(self, reach: Reachability) -> None:
        classes = reach.identity.classes
        self._of_namespaces, self._of_pods = _ByLabels(), _ByLabels()
        for space in reach.facts.of(Namespace):
            self._of_namespaces.add(space.labels, classes.in_namespace.get(space.name, 0))
        for number, own in classes.by_number.items():
            for labels in {template.kin.labels for template in own.templates}:
                self._of_pods.add(labels, 1 << number)

    def of(self, peer: Peer) -> int:
        """The classes with pods that a peer selects."""
        assert peer.namespaces is not None
        found = self._of_namespaces.matching(peer.namespaces)
        return found & self._of_pods.matching(peer.pods) if peer.pods is not None else found


class _ByLabels:
    """Sets of classes by label."""

    def __init__(self) -> None:
        self._all = 0
        self._with: defaultdict[tuple[str, str], int] = defaultdict(int)

    def add(self, labels: Labels, classes: int) -> None:
        """Classes that have these labels, themselves or by their namespace."""
        self._all |= classes
        for label in labels:
            self._with[label] |= classes

    def matching(self, selector: Selector) -> int:
        """The classes that a selector matches; policies here use no operators but In and NotIn."""
        found = self._all
        for label in selector.labels:
            found &= self._with.get(label, 0)
        for requirement in selector.expressions:
            having = 0
            for value in requirement.values:
                having |= self._with.get((requirement.key, value), 0)
            found &= having if requirement.operator == "In" else ~having
        return found
