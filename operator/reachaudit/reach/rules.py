"""Policies compiled: each rule as the spans of ports and the peers that it opens.

Two planes, `must` within `may`: what is surely allowed, and what may be (M-2).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reachaudit.model.facts import Direction, NetworkPolicy, Peer, PolicyPort, PolicyRule
from reachaudit.model.ip import Block
from reachaudit.reach.identity import NONE, Identity, Item
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
EVERYBODY = Peers(-1, -1, anybody=True)  # all, and all that come


class Planes(NamedTuple):
    """Peers that are surely allowed, and peers that may be."""

    must: Peers
    may: Peers

    def __or__(self, other: "Planes") -> "Planes":
        """Whoever either allows, plane by plane."""
        surely = self.must | other.must
        sure = self.must is self.may and other.must is other.may
        return Planes(surely, surely if sure else self.may | other.may)

    def value(self, number: int | None, signature: int, *, heed_blocks: bool = True) -> Value:
        """The verdict for one peer, by its class and its address's signature.

        Where it is not sure that blocks match it (`heed_blocks`), theirs is UNKNOWN.
        """
        if self.must.by_class(number) or (heed_blocks and self.must.by_address(number, signature)):
            return Value.ALLOW
        if self.may.by_class(number) or self.may.by_address(number, signature):
            return Value.UNKNOWN
        return Value.DENY


ANYONE = Planes(EVERYBODY, EVERYBODY)


class Opening(NamedTuple):
    """A span of ports opened to some peers, by a rule with its place in the policy."""

    span: Span
    planes: Planes
    rule: int


class Blocks(NamedTuple):
    """An ipBlock with its excepts."""

    block: Block
    excepts: tuple[Block, ...]


PeerKey = Item | Blocks
EVERYONE = Item("", NONE, NONE)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule: whom it names, EVERYONE or item by item (NP-13, NP-14); and its ports, by number
    and by name.
    """

    index: int
    peers: tuple[PeerKey, ...]
    spans: tuple[Span, ...]
    names: tuple[PortName, ...]


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy in one direction: whom it isolates there, and its rules."""

    policy: NetworkPolicy
    subject: Item
    rules: tuple[CompiledRule, ...]

    @property
    def uses_names(self) -> bool:
        """Whether its rows depend on how names resolve."""
        return any(rule.names for rule in self.rules)


class Compiler:
    """Compiles policies, and reads them against the classes and signatures in force."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def compile(self, policy: NetworkPolicy, direction: Direction) -> CompiledPolicy:
        """A policy's rules in one direction. Its words must be in use."""
        rules = enumerate(policy.rules(direction))
        return CompiledPolicy(
            policy,
            self._identity.item(subject_selector(policy)),
            tuple(self._rule(policy, index, rule) for index, rule in rules),
        )

    def openings(
        self,
        compiled: CompiledPolicy,
        direction: Direction,
        subject: int,
        known: dict[int, Planes],
    ) -> Iterator[Opening]:
        """What a policy opens for a class that it isolates; names resolved (NP-39).

        `known`: whom its rules name, by index, as far as that was worked out before.
        """
        for rule in compiled.rules:
            planes = known.get(rule.index)
            if planes is None:
                planes = known[rule.index] = self._planes(rule.peers)
            for piece in rule.spans:
                yield Opening(piece, planes, rule.index)
            for name in rule.names:
                yield from self._named(rule.index, planes, name, direction, subject)

    def peer(self, policy: NetworkPolicy, peer: Peer) -> Planes:
        """Whom one peer item names; the fields in it must all hold (NP-14)."""
        return self._planes(self._key(policy, peer))

    def _named(
        self, index: int, planes: Planes, name: PortName, direction: Direction, subject: int
    ) -> Iterator[Opening]:
        """On ingress a name is looked up on the subject, on egress on each peer pod."""
        classes = self._identity.classes
        if direction == "ingress":
            number = classes.by_number[subject].port(name)
            if number is not None:
                yield Opening(span(name.protocol, number, number), planes, index)
            return
        for number, having in sorted(classes.with_port[name].items()):
            guarded = Planes(*(_only(peers, having) for peers in planes))
            yield Opening(span(name.protocol, number, number), guarded, index)

    def _rule(self, policy: NetworkPolicy, index: int, rule: PolicyRule) -> CompiledRule:
        ports, peers = rule.ports, rule.peers
        keys = [key for peer in peers or () for key in self._key(policy, peer)]
        spans = [ALL_PORTS] if ports is None else [_span(p) for p in ports if not p.name]
        names = [PortName(p.name, p.protocol) for p in ports or () if p.name]
        return CompiledRule(
            index,
            (EVERYONE,) if peers is None else tuple(dict.fromkeys(keys)),
            tuple(dict.fromkeys(piece for piece in spans if piece.first <= piece.last)),
            tuple(dict.fromkeys(names)),
        )

    def _key(self, policy: NetworkPolicy, peer: Peer) -> tuple[PeerKey, ...]:
        """What a peer item names, if anything (NP-25)."""
        if peer.block is not None:
            return (Blocks(peer.block, peer.excepts),)
        selector = peer_selector(policy, peer)
        return (self._identity.item(selector),) if selector else ()

    def _planes(self, keys: Iterable[PeerKey]) -> Planes:
        """The union of a rule's peer items (NP-14)."""
        must_classes = may_classes = must_signatures = may_signatures = 0
        signatures = self._identity.signatures
        for key in keys:
            if key == EVERYONE:
                return ANYONE
            if isinstance(key, Blocks):
                inside = signatures.inside(*key)
                must_signatures |= inside
                may_signatures |= inside | signatures.perhaps_inside(*key)
            else:
                must, may = self._identity.members(key)
                must_classes |= must
                may_classes |= may
        surely = Peers(must_classes, must_signatures)
        if (must_classes, must_signatures) == (may_classes, may_signatures):
            return Planes(surely, surely)
        return Planes(surely, Peers(may_classes, may_signatures))


def _span(port: PolicyPort) -> Span:
    return span(port.protocol, port.first, port.last)


def _only(peers: Peers, having: int) -> Peers:
    """Peers cut to the pods that have a port; outside addresses have none (NP-41)."""
    blocks = peers.signatures and not peers.anybody
    guarded = frozenset({(having, peers.signatures)}) if blocks else frozenset()
    return Peers(classes=peers.classes & having, guarded=guarded)
