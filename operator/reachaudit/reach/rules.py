"""Policies compiled: each rule as the spans of ports and the peers that it opens.

Two planes, `must` within `may`: what is surely allowed, and what may be (M-2).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reachaudit.model.facts import Direction, NetworkPolicy, Peer, PolicyPort, PolicyRule
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party
from reachaudit.reach.ports import ALL_PORTS, Span, span
from reachaudit.reach.verdict import Value
from reachaudit.reach.vocabulary import PortName, peer_selector, subject_selector


class Peers(NamedTuple):
    """Who is allowed: a set of classes, or a set of signatures.

    `anybody`: all are, by no block's word, so that it holds whatever blocks match (NP-6, NP-13).
    `guarded`: pairs (classes, signatures) of which both must hold. A named port needs that: an
    ipBlock on it allows only addresses of pods that have the port (NP-41).
    """

    classes: int = 0
    signatures: int = 0
    guarded: frozenset[tuple[int, int]] = frozenset()
    anybody: bool = False

    def __or__(self, other: "Peers") -> "Peers":
        """Whoever either allows."""
        return Peers(
            self.classes | other.classes,
            self.signatures | other.signatures,
            self.guarded | other.guarded,
            self.anybody or other.anybody,
        )

    def by_class(self, number: int | None) -> bool:
        """Whether a class is allowed whatever its address."""
        return self.anybody or (number is not None and bool(self.classes >> number & 1))

    def by_address(self, number: int | None, signature: int) -> bool:
        """Whether an address is allowed by a block."""
        return bool(self.signatures >> signature & 1) or (
            number is not None
            and any(c >> number & 1 and s >> signature & 1 for c, s in self.guarded)
        )


NOBODY = Peers()


class Planes(NamedTuple):
    """Peers that are surely allowed, and peers that may be."""

    must: Peers
    may: Peers

    def __or__(self, other: "Planes") -> "Planes":
        """Whoever either allows, plane by plane."""
        return Planes(self.must | other.must, self.may | other.may)

    def value(self, party: Party, *, heed_blocks: bool) -> Value:
        """The verdict for one peer; where it is unsure that blocks match it, theirs is UNKNOWN."""
        number, signature = party.number, party.signature
        if self.must.by_class(number) or (heed_blocks and self.must.by_address(number, signature)):
            return Value.ALLOW
        if self.may.by_class(number) or self.may.by_address(number, signature):
            return Value.UNKNOWN
        return Value.DENY


class Opening(NamedTuple):
    """A span of ports opened to some peers, by a rule with its place in the policy."""

    span: Span
    planes: Planes
    rule: int


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule's peers, and the ports of it that are names."""

    index: int
    planes: Planes
    spans: tuple[Span, ...]
    names: tuple[PortName, ...]


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy in one direction: whom it isolates there, and its rules."""

    policy: NetworkPolicy
    subjects: int
    rules: tuple[CompiledRule, ...]

    @property
    def uses_names(self) -> bool:
        """Whether its rows depend on how names resolve."""
        return any(rule.names for rule in self.rules)


class Compiler:
    """Compiles policies against the classes and signatures in force."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.everyone = Peers(
            (1 << len(identity.classes)) - 1, identity.signatures.all, anybody=True
        )

    def compile(self, policy: NetworkPolicy, direction: Direction) -> CompiledPolicy:
        """A policy's rules in one direction."""
        subjects, _ = self._identity.selected(subject_selector(policy))
        rules = enumerate(policy.rules(direction))
        return CompiledPolicy(
            policy, subjects, tuple(self._rule(policy, index, rule) for index, rule in rules)
        )

    def openings(
        self, compiled: CompiledPolicy, direction: Direction, subject: int
    ) -> Iterator[Opening]:
        """What a policy opens for a class that it isolates; names resolved (NP-39)."""
        for rule in compiled.rules:
            for piece in rule.spans:
                yield Opening(piece, rule.planes, rule.index)
            for name in rule.names:
                yield from self._named(rule, name, direction, subject)

    def _named(
        self, rule: CompiledRule, name: PortName, direction: Direction, subject: int
    ) -> Iterator[Opening]:
        """On ingress a name is looked up on the subject, on egress on each peer pod."""
        if direction == "ingress":
            number = self._identity.classes[subject].port(name)
            if number is not None:
                yield Opening(span(name.protocol, number, number), rule.planes, rule.index)
            return
        for number, having in self._having(name).items():
            planes = Planes(*(_only(peers, having) for peers in rule.planes))
            yield Opening(span(name.protocol, number, number), planes, rule.index)

    def _having(self, name: PortName) -> dict[int, int]:
        """The classes that have a named port, by its number there."""
        found: dict[int, int] = {}
        for number, pod_class in enumerate(self._identity.classes):
            port = pod_class.port(name)
            if port is not None:
                found[port] = found.get(port, 0) | 1 << number
        return found

    def _rule(self, policy: NetworkPolicy, index: int, rule: PolicyRule) -> CompiledRule:
        ports = rule.ports
        spans = [ALL_PORTS] if ports is None else [_span(p) for p in ports if not p.name]
        names = [PortName(p.name, p.protocol) for p in ports or () if p.name]
        return CompiledRule(
            index,
            self._planes(policy, rule.peers),
            tuple(piece for piece in spans if piece.first <= piece.last),
            tuple(names),
        )

    def _planes(self, policy: NetworkPolicy, peers: tuple[Peer, ...] | None) -> Planes:
        """The union of a rule's peer items (NP-14); None is everyone (NP-13)."""
        if peers is None:
            return Planes(self.everyone, self.everyone)
        planes = Planes(NOBODY, NOBODY)
        for peer in peers:
            planes = planes | self.peer(policy, peer)
        return planes

    def peer(self, policy: NetworkPolicy, peer: Peer) -> Planes:
        """Whom one peer item names; the fields in it must all hold (NP-14)."""
        if peer.block is not None:
            signatures = self._identity.signatures
            inside = signatures.inside(peer.block, peer.excepts)
            perhaps = inside | signatures.perhaps_inside(peer.block)
            return Planes(Peers(signatures=inside), Peers(signatures=perhaps))
        selector = peer_selector(policy, peer)
        if selector is None:  # NP-25
            return Planes(NOBODY, NOBODY)
        must, may = self._identity.selected(selector)
        return Planes(Peers(must), Peers(may))


def _span(port: PolicyPort) -> Span:
    return span(port.protocol, port.first, port.last)


def _only(peers: Peers, having: int) -> Peers:
    """Peers cut to the pods that have a port; outside addresses have none (NP-41)."""
    guarded = frozenset({(having, peers.signatures)}) if peers.signatures else frozenset()
    return Peers(classes=peers.classes & having, guarded=guarded)
