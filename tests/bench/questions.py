"""The questions that intents ask: is any flow open from these pods to those, on such a port?"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from bench.clusters import Cluster
from reachaudit.model.facts import Namespace, Peer, Requirement, Selector
from reachaudit.model.ip import Family
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.labels import matches
from reachaudit.reach.ports import ALL_PORTS, Span, span
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import Row

Derive = Callable[[PodClass, Family], Row]
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
        return span("TCP", 1, 65535)
    number = random.choice(_PORTS)
    return span("TCP", number, number)


def answers(reach: Reachability, asked: Iterable[Question]) -> list[bool]:
    """Whether some flow is surely open, question by question."""
    answering = _Answering(reach)
    return [answering.open(question) for question in asked]


class _Answering:
    """Answers about one state: each row that questions need is derived once."""

    def __init__(self, reach: Reachability) -> None:
        self._rows, self._classes = reach.rows, _ClassesByLabels(reach)
        self._by_number = reach.identity.classes.by_number
        self._into: dict[int, Row] = {}
        self._out_of: dict[int, Row] = {}

    def open(self, question: Question) -> bool:
        """Looks from the side that has fewer classes."""
        sources, targets = map(self._classes.of, (question.sources, question.targets))
        if targets.bit_count() <= sources.bit_count():
            return self._some(targets, sources, question.ports, self._into, self._rows.into)
        return self._some(sources, targets, question.ports, self._out_of, self._rows.out_of)

    def _some(
        self, own: int, others: int, ports: Span, known: dict[int, Row], derive: Derive
    ) -> bool:
        for number in bits.members(own):
            row = known.get(number)
            if row is None:
                row = known[number] = derive(self._by_number[number], "IPv4")
            for at, ends in row:
                if at.first > ports.last:
                    break
                if at.last >= ports.first and ends.must & others:
                    return True
        return False


class _ClassesByLabels:
    """Sets of classes by what any selectors say of their pods, in use by a policy or not."""

    def __init__(self, reach: Reachability) -> None:
        self._at_home = reach.identity.classes.in_namespace
        self._namespaces = {space.name: dict(space.labels) for space in reach.facts.of(Namespace)}
        self._in: dict[Selector, int] = {}
        having: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for number, own in reach.identity.classes.by_number.items():
            for template in own.templates:
                for label in template.kin.labels:
                    having[label].add(number)
        self._with = {label: bits.of(numbers) for label, numbers in having.items()}

    def of(self, peer: Peer) -> int:
        """The classes with pods that a peer selects."""
        assert peer.namespaces is not None
        if peer.namespaces not in self._in:
            self._in[peer.namespaces] = self._of_namespaces(peer.namespaces)
        found = self._in[peer.namespaces]
        if peer.pods is not None:
            for label in peer.pods.labels:
                found &= self._with.get(label, 0)
            for requirement in peer.pods.expressions:
                found &= self._meeting(requirement)
        return found

    def _of_namespaces(self, selector: Selector) -> int:
        found = 0
        for name, labels in self._namespaces.items():
            if matches(selector, labels):
                found |= self._at_home.get(name, 0)
        return found

    def _meeting(self, requirement: Requirement) -> int:
        """Those with one of the values, or with none: policies here use no other operator."""
        found = 0
        for value in requirement.values:
            found |= self._with.get((requirement.key, value), 0)
        return found if requirement.operator == "In" else ~found
