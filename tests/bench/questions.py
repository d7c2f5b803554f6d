"""The questions that intents ask: is any flow open from these pods to those, on such a port?"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from bench.clusters import Cluster
from reachaudit.model.facts import Labels, Namespace, Peer, Selector
from reachaudit.model.ip import Family
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
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
