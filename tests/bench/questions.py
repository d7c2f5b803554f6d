"""The questions that intents ask: is any flow open from these pods to those, on such a port?"""

from collections import defaultdict
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from bench.clusters import Cluster
from reachaudit.model.facts import Namespace, Peer, Requirement, Selector
from reachaudit.reach import bits
from reachaudit.reach.engine import Engine
from reachaudit.reach.labels import matches
from reachaudit.reach.ports import ALL_PORTS, Span, span

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


def answers(engine: Engine, asked: Iterable[Question]) -> list[bool]:
    """Whether some flow is surely open, question by question."""
    workloads = _Workloads(engine)
    return [_open(engine, workloads, question) for question in asked]


def _open(engine: Engine, workloads: "_Workloads", question: Question) -> bool:
    sources = workloads.of(question.sources)
    for number in bits.members(workloads.of(question.targets)):
        for ports, allowed in engine.flows.between.get((engine.index.refs[number], "IPv4"), ()):
            overlaps = ports.first <= question.ports.last and question.ports.first <= ports.last
            if overlaps and allowed.must & sources:
                return True
    return False


class _Workloads:
    """Sets of workloads by what selectors say of their pods."""

    def __init__(self, engine: Engine) -> None:
        identity = engine.reach.identity
        self._at_home: defaultdict[str, int] = defaultdict(int)
        self._with: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._namespaces = {
            space.name: dict(space.labels) for space in engine.reach.facts.of(Namespace)
        }
        labelled = {
            (identity.workloads[pod.ref].ref, pod.labels)
            for pod in identity.pods
            if not pod.host_network
        }
        for ref, labels in labelled:
            bit = 1 << engine.index.bit(ref)
            self._at_home[ref.namespace] |= bit
            for pair in labels:
                self._with[pair] |= bit
        self._in: dict[Selector, int] = {}

    def of(self, peer: Peer) -> int:
        """The workloads with pods that a peer selects."""
        assert peer.namespaces is not None
        if peer.namespaces not in self._in:
            self._in[peer.namespaces] = self._of_namespaces(peer.namespaces)
        found = self._in[peer.namespaces]
        if peer.pods is not None:
            for pair in peer.pods.labels:
                found &= self._with.get(pair, 0)
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
