"""Columns: whose rules name a class, port by port.

A row says whom a class allows. A column is read the other way: which classes allow it. It is put
together from what the class is named by: few selectors and blocks hold one class, so that no pair
of classes is ever looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.identity import Identity
from reachaudit.reach.ports import Span, overlay, span
from reachaudit.reach.profiles import Profiles
from reachaudit.reach.rules import EVERYONE, Blocks, CompiledPolicy, CompiledRule, PeerKey
from reachaudit.reach.vocabulary import PortName


class Sets(NamedTuple):
    """Sets of classes: of whom it surely holds, and of whom it may hold."""

    must: int
    may: int

    def __or__(self, other: "Sets") -> "Sets":
        """The union, plane by plane."""
        return Sets(self.must | other.must, self.may | other.may)


W = TypeVar("W")
Column = list[tuple[Span, Sets]]


class _Openings(NamedTuple):
    """Whom rules with one peer item open it for, by port number and by port name."""

    spans: dict[Span, int]
    names: dict[PortName, int]


class Columns:
    """The columns of one direction, from the policies that isolate in it."""

    def __init__(self, identity: Identity, profiles: Profiles, *, sure: bool) -> None:
        """`sure`: blocks surely match pods (NP-30)."""
        self._identity, self._profiles, self._sure = identity, profiles, sure
        self._users: defaultdict[PeerKey, dict[Ref, list[CompiledRule]]] = defaultdict(dict)
        self._in_use: dict[Blocks, None] = {}
        self._compiled: dict[Ref, CompiledPolicy] = {}
        self._openings: dict[PeerKey, _Openings] = {}
        self._blocks: dict[int, tuple[list[Blocks], list[Blocks]]] = {}
        self._generation = 0

    def put(self, compiled: CompiledPolicy) -> None:
        """A policy that isolates in this direction."""
        self._compiled[compiled.policy.ref] = compiled
        for rule in compiled.rules:
            for key in rule.peers:
                self._users[key].setdefault(compiled.policy.ref, []).append(rule)
                self._changed(key)

    def drop(self, ref: Ref) -> None:
        """The reverse of `put`."""
        for rule in self._compiled.pop(ref).rules:
            for key in rule.peers:
                if self._users[key].pop(ref, None) is not None:
                    if not self._users[key]:
                        del self._users[key]
                    self._changed(key)

    def renew(self) -> None:
        """Signatures or selected classes are others than before."""
        self._openings.clear()
        self._blocks.clear()

    def of(self, own: PodClass, family: Family) -> Column:
        """The classes whose rules name a class, port by port; not those that nothing isolates."""
        sure: dict[Span, int] = {}
        perhaps: dict[Span, int] = {}
        for found, keys in zip((sure, perhaps), self._keys(own, family), strict=True):
            for key in keys:
                if key in self._users:
                    self._add(found, key, own)
        pieces = [(piece, Sets(found, found)) for piece, found in sure.items()]
        pieces += [(piece, Sets(0, found)) for piece, found in perhaps.items()]
        return overlay(pieces, Sets.__or__)

    def tells(self, own: PodClass, signature: int, family: Family) -> bool:
        """Whether some block holds a signature and no other that pods of a class have."""
        known = self._identity.signatures
        others = bits.of(own.held) & known.of_family[family] & ~(1 << signature)
        sure, perhaps = self._blocks_at(signature)
        return bool(perhaps) or any(not known.inside(*key) & others for key in sure)

    def _keys(self, own: PodClass, family: Family) -> tuple[list[PeerKey], list[PeerKey]]:
        """What surely names a class, and what may."""
        items, perhaps = self._identity.items(own)
        sure: list[PeerKey] = [EVERYONE, *items]
        unsure: list[PeerKey] = [*perhaps]
        of_family = self._identity.signatures.of_family[family]
        for signature in own.held:
            if of_family >> signature & 1:
                within, maybe = self._blocks_at(signature)
                (sure if self._sure else unsure).extend(within)
                unsure.extend(maybe)
        return list(dict.fromkeys(sure)), list(dict.fromkeys(unsure))

    def _blocks_at(self, signature: int) -> tuple[list[Blocks], list[Blocks]]:
        """The blocks that surely hold a signature, and those that may."""
        self._fresh()
        found = self._blocks.get(signature)
        if found is None:
            known, held, perhaps = self._identity.signatures, list[Blocks](), list[Blocks]()
            for key in self._in_use:
                if known.inside(*key) >> signature & 1:
                    held.append(key)
                elif known.perhaps_inside(key.block) >> signature & 1:
                    perhaps.append(key)
            found = self._blocks[signature] = held, perhaps
        return found

    def _add(self, found: dict[Span, int], key: PeerKey, own: PodClass) -> None:
        openings = self._opened(key)
        for piece, subjects in openings.spans.items():
            found[piece] = found.get(piece, 0) | subjects
        for name, subjects in openings.names.items():
            for piece, having in self._resolved(name, own):
                if subjects & having:
                    found[piece] = found.get(piece, 0) | subjects & having

    def _resolved(self, name: PortName, own: PodClass) -> Iterator[tuple[Span, int]]:
        """A name is looked up on the destination: the peer for egress, the subject for ingress."""
        if self._profiles.direction == "egress":
            number = own.port(name)
            if number is not None:
                yield span(name.protocol, number, number), -1
            return
        for number, having in self._identity.classes.with_port[name].items():
            yield span(name.protocol, number, number), having

    def _opened(self, key: PeerKey) -> _Openings:
        self._fresh()
        found = self._openings.get(key)
        if found is None:
            found = self._openings[key] = _Openings({}, {})
            for ref, rules in self._users[key].items():
                subjects, _ = self._identity.members(self._compiled[ref].subject)
                for rule in rules if subjects else ():
                    _join(found.spans, rule.spans, subjects)
                    _join(found.names, rule.names, subjects)
        return found

    def _changed(self, key: PeerKey) -> None:
        self._openings.pop(key, None)
        if isinstance(key, Blocks):
            self._blocks.clear()
            if key in self._users:
                self._in_use[key] = None
            else:
                del self._in_use[key]

    def _fresh(self) -> None:
        if self._generation != self._identity.classes.generation:
            self._generation = self._identity.classes.generation
            self.renew()


def _join(found: dict[W, int], words: Iterable[W], subjects: int) -> None:
    for word in words:
        found[word] = found.get(word, 0) | subjects
