"""What the policies in force speak of: selectors, port names, and blocks of addresses."""

from collections import Counter
from typing import NamedTuple, TypeVar

from reachaudit.model.facts import NetworkPolicy, Peer, PolicyRule, Protocol, Selector
from reachaudit.model.ip import Block

EVERYTHING = Selector()
W = TypeVar("W")


class PortName(NamedTuple):
    """A named port as policies write it."""

    name: str
    protocol: Protocol


class PeerSelector(NamedTuple):
    """Pods by labels: of the home namespace, or of all namespaces that a selector matches.

    `pods` None is every pod. `namespaces` None is the home namespace (NP-15, NP-16, NP-17).
    """

    home: str
    pods: Selector | None
    namespaces: Selector | None = None

    @property
    def term(self) -> "Term | None":
        """Its pod selector with where that can match; None for every pod."""
        return Term(self.home, self.pods) if self.pods is not None else None


def subject_selector(policy: NetworkPolicy) -> PeerSelector:
    """The pods that a policy isolates (NP-1)."""
    return PeerSelector(policy.namespace, _unless_everything(policy.subject))


def peer_selector(policy: NetworkPolicy, peer: Peer) -> PeerSelector | None:
    """The pods that a peer item names; None where it names none by selector."""
    if peer.pods is None and peer.namespaces is None:
        return None
    home = "" if peer.namespaces else policy.namespace
    return PeerSelector(home, _unless_everything(peer.pods), peer.namespaces)


def _unless_everything(selector: Selector | None) -> Selector | None:
    return None if selector == EVERYTHING else selector


def effective_rules(policy: NetworkPolicy) -> tuple[PolicyRule, ...]:
    """A policy's rules of the directions that it isolates; others do nothing (NP-4)."""
    return (
        *(policy.ingress if policy.isolates_ingress else ()),
        *(policy.egress if policy.isolates_egress else ()),
    )


class Term(NamedTuple):
    """A pod selector where it can match: in one namespace, or everywhere ("")."""

    home: str
    pods: Selector


class Words(NamedTuple):
    """What one policy speaks of. `spaces` are namespace selectors."""

    terms: frozenset[Term] = frozenset()
    spaces: frozenset[Selector] = frozenset()
    names: frozenset[PortName] = frozenset()
    blocks: frozenset[Block] = frozenset()


def words_of(policy: NetworkPolicy) -> Words:
    """What a policy speaks of."""
    rules = effective_rules(policy)
    items = [peer for rule in rules for peer in rule.peers or ()]
    peers = [peer_selector(policy, peer) for peer in items]
    spoken = [selector for selector in (subject_selector(policy), *peers) if selector]
    return Words(
        frozenset(s.term for s in spoken if s.term),
        frozenset(s.namespaces for s in spoken if s.namespaces is not None),
        frozenset(
            PortName(port.name, port.protocol)
            for rule in rules
            for port in rule.ports or ()
            if port.name
        ),
        frozenset(b for peer in items if peer.block for b in (peer.block, *peer.excepts)),
    )


class Vocabulary:
    """All words in use, with how often each is."""

    def __init__(self) -> None:
        self._terms, self._spaces = Counter[Term](), Counter[Selector]()
        self._names, self._blocks = Counter[PortName](), Counter[Block]()

    @property
    def blocks(self) -> set[Block]:
        """All blocks in use."""
        return set(self._blocks)

    def use(self, words: Words) -> Words:
        """Take words up; answer those that were not in use before."""
        return Words(
            _use(self._terms, words.terms),
            _use(self._spaces, words.spaces),
            _use(self._names, words.names),
            _use(self._blocks, words.blocks),
        )

    def leave(self, words: Words) -> Words:
        """Use words once less; answer those that are no longer in use."""
        return Words(
            _leave(self._terms, words.terms),
            _leave(self._spaces, words.spaces),
            _leave(self._names, words.names),
            _leave(self._blocks, words.blocks),
        )


def _use(counts: Counter[W], words: frozenset[W]) -> frozenset[W]:
    fresh = frozenset(word for word in words if word not in counts)
    counts.update(words)
    return fresh


def _leave(counts: Counter[W], words: frozenset[W]) -> frozenset[W]:
    counts.subtract(words)
    gone = frozenset(word for word in words if not counts[word])
    for word in gone:
        del counts[word]
    return gone
