"""Columns: whose rules name a class, port by port.

A row says whom a class allows. A column is read the other way: which classes allow it. It is put
together from what the class is named by: few selectors and blocks hold one class, so that no pair
of classes is ever looked at.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.identity import NONE, Identity, Item
from reachaudit.reach.ports import ALL_PORTS, Span, span, union
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
ALL_CLASSES, NO_CLASSES = Sets(-1, -1), Sets(0, 0)


@dataclass(frozen=True)
class Column:
    """Whose rules name a class, as pieces that may overlap, of whom it surely is and may be.

    `isolated`: who is isolated at all; others name everybody. `opaque`: of whom nothing is sure.
    `doubtful`: of whom it is not sure that they shut anybody out.
    """

    sure: dict[Span, int]
    perhaps: dict[Span, int]
    isolated: int
    opaque: int
    doubtful: int

    def apart(self, other: "Column") -> set[Span]:
        """Spans that hold all ports on which two columns differ."""
        if self._whole != other._whole:
            return {ALL_PORTS}
        pairs = (self.sure, other.sure), (self.perhaps, other.perhaps)
        return {span for one, two in pairs for span, _ in one.items() ^ two.items()}

    @property
    def _whole(self) -> tuple[int, int, int]:
        """What holds on all ports."""
        return self.isolated, self.opaque, self.doubtful

    def on(self, span: Span, ends: Sets = ALL_CLASSES) -> Iterator[tuple[Span, Sets]]:
        """The classes that allow it, on disjoint parts of a span.

        Where only some `ends` are of interest, and no rule adds to those, it is one part.
        """
        closed = self.isolated | self.opaque
        if not (ends.must & closed or ends.may & self.isolated & ~self.opaque & ~self.doubtful):
            yield span, ends
            return
        free, plain, unsure = ~self.isolated, ~self.opaque, self.opaque | self.doubtful
        for outer, named in union(self.sure, span):
            surely = named | free
            if not (unsure or self.perhaps):
                yield outer, Sets(surely, surely)
                continue
            for part, maybe in union(self.perhaps, outer) if self.perhaps else ((outer, 0),):
                yield part, Sets(surely & plain, surely | maybe | unsure)


class _Openings(NamedTuple):
    """Whose rules open something for whom they name.

    `names`: on ports whose names are looked up on who is named, so on egress alone (NP-39).
    """

    spans: dict[Span, int]
    names: dict[PortName, int]

    def add(self, other: "_Openings") -> None:
        """Take others in."""
        _join(self.spans, other.spans)
        _join(self.names, other.names)


class Columns:
    """The columns of one direction, from the policies that isolate in it."""

    def __init__(self, identity: Identity, profiles: Profiles, *, sure: bool) -> None:
        """`sure`: blocks surely match pods (NP-30)."""
        self._identity, self._profiles, self._sure = identity, profiles, sure
        self._compiled: dict[Ref, CompiledPolicy] = {}
        self._users: dict[PeerKey, dict[Ref, list[CompiledRule]]] = {}
        self._openings: dict[PeerKey, _Openings] = {}
        self._for_all: dict[str, tuple[_Openings, _Openings]] = {}
        self._at_home: defaultdict[str, dict[int, Item]] = defaultdict(dict)
        self._in_space: defaultdict[int, dict[int, Item]] = defaultdict(dict)
        self._blocks: dict[Blocks, None] = {}
        self._blocks_at: dict[int, tuple[list[Blocks], list[Blocks]]] = {}
        self._generation = 0

    def put(self, compiled: CompiledPolicy) -> None:
        """A policy that isolates in this direction."""
        self._compiled[compiled.policy.ref] = compiled
        self._for_all.clear()
        for rule in compiled.rules:
            for key in rule.peers:
                users = self._users.get(key)
                if users is None:
                    users = self._users[key] = {}
                    self._shelve(key)
                users.setdefault(compiled.policy.ref, []).append(rule)
                self._openings.pop(key, None)

    def drop(self, ref: Ref) -> None:
        """The reverse of `put`."""
        self._for_all.clear()
        for rule in self._compiled.pop(ref).rules:
            for key in rule.peers:
                users = self._users.get(key, {})
                if users.pop(ref, None) is not None:
                    self._openings.pop(key, None)
                    if not users:
                        del self._users[key]
                        self._unshelve(key)

    def renew(self) -> None:
        """Signatures or selected classes are others than before."""
        self._openings.clear()
        self._for_all.clear()
        self._blocks_at.clear()

    def of(self, own: PodClass, family: Family) -> Column:
        """The column of a class in one family."""
        self._fresh()
        surely, maybe = self._for_namespace(own.namespace)
        sure, perhaps = self._ports(surely, own), self._ports(maybe, own)
        self._add_shelf(sure, self._at_home.get(own.namespace, {}), own)
        matching = self._identity.spaces.matching(own.namespace)
        for found, spaces in ((sure, matching.sure), (perhaps, matching.perhaps)):
            for space in spaces:
                if space in self._in_space:
                    self._add_shelf(found, self._in_space[space], own)
        self._add_blocks(sure, perhaps, own, family)
        doubtful = self._identity.classes.doubtful
        return Column(sure, perhaps, self._profiles.isolated, self._profiles.opaque, doubtful)

    def tells(self, own: PodClass, signature: int, family: Family) -> bool:
        """Whether some block holds a signature and no other that pods of a class have."""
        known = self._identity.signatures
        others = bits.of(own.held) & known.of_family[family] & ~(1 << signature)
        held, maybe = self._holding(signature)
        return bool(maybe) or any(not known.inside(*key) & others for key in held)

    def _shelve(self, key: PeerKey) -> None:
        """Put what names peers where it is found by those whom it names."""
        if isinstance(key, Blocks):
            self._blocks[key] = None
            self._blocks_at.clear()
        elif key.space != NONE:
            self._in_space[key.space][key.term] = key
        elif key != EVERYONE:
            self._at_home[key.home][key.term] = key

    def _unshelve(self, key: PeerKey) -> None:
        if isinstance(key, Blocks):
            del self._blocks[key]
            self._blocks_at.clear()
        elif key.space != NONE:
            del self._in_space[key.space][key.term]
        elif key != EVERYONE:
            del self._at_home[key.home][key.term]

    def _for_namespace(self, namespace: str) -> tuple[_Openings, _Openings]:
        """What names all pods of a namespace, surely and perhaps; worked out once for all."""
        found = self._for_all.get(namespace)
        if found is None:
            found = self._for_all[namespace] = _Openings({}, {}), _Openings({}, {})
            if EVERYONE in self._users:
                found[0].add(self._opened(EVERYONE))
            shelves = [(found[0], self._at_home.get(namespace, {}))]
            matching = self._identity.spaces.matching(namespace)
            for openings, spaces in zip(found, (matching.sure, matching.perhaps), strict=True):
                shelves += [(openings, self._in_space[s]) for s in spaces if s in self._in_space]
            for openings, shelf in shelves:
                if NONE in shelf:
                    openings.add(self._opened(shelf[NONE]))
        return found

    def _add_shelf(self, found: dict[Span, int], shelf: dict[int, Item], own: PodClass) -> None:
        """What names pods by the terms that match them."""
        for term in own.matched & shelf.keys():
            self._add(found, shelf[term], own)

    def _add_blocks(
        self, sure: dict[Span, int], perhaps: dict[Span, int], own: PodClass, family: Family
    ) -> None:
        of_family = self._identity.signatures.of_family[family]
        within: dict[Blocks, None] = {}
        maybe: dict[Blocks, None] = {}
        for signature in own.held:
            if of_family >> signature & 1:
                some, others = self._holding(signature)
                within |= dict.fromkeys(some)
                maybe |= dict.fromkeys(others)
        for key in within:
            self._add(sure if self._sure else perhaps, key, own)
        for key in maybe:
            self._add(perhaps, key, own)

    def _holding(self, signature: int) -> tuple[list[Blocks], list[Blocks]]:
        """The blocks that surely hold a signature, and those that may."""
        found = self._blocks_at.get(signature)
        if found is None:
            known, held, maybe = self._identity.signatures, list[Blocks](), list[Blocks]()
            for key in self._blocks:
                if known.inside(*key) >> signature & 1:
                    held.append(key)
                elif known.perhaps_inside(*key) >> signature & 1:
                    maybe.append(key)
            found = self._blocks_at[signature] = held, maybe
        return found

    def _add(self, found: dict[Span, int], key: PeerKey, own: PodClass) -> None:
        _join(found, self._ports(self._opened(key), own))

    @staticmethod
    def _ports(openings: _Openings, own: PodClass) -> dict[Span, int]:
        """Openings with the numbers that ports' names have on a class."""
        found = dict(openings.spans)
        for name, subjects in openings.names.items():
            number = own.port(name)
            if number is not None:
                piece = span(name.protocol, number, number)
                found[piece] = found.get(piece, 0) | subjects
        return found

    def _opened(self, key: PeerKey) -> _Openings:
        found = self._openings.get(key)
        if found is None:
            found = self._openings[key] = _Openings({}, {})
            for ref, rules in self._users[key].items():
                subjects, _ = self._identity.members(self._compiled[ref].subject)
                for rule in rules if subjects else ():
                    found.add(self._of_rule(rule, subjects))
        return found

    def _of_rule(self, rule: CompiledRule, subjects: int) -> _Openings:
        spans = dict.fromkeys(rule.spans, subjects)
        if self._profiles.direction == "egress":
            return _Openings(spans, dict.fromkeys(rule.names, subjects))
        for name in rule.names:  # looked up on the subjects (NP-39)
            for number, having in self._identity.classes.with_port[name].items():
                if subjects & having:
                    piece = span(name.protocol, number, number)
                    spans[piece] = spans.get(piece, 0) | subjects & having
        return _Openings(spans, {})

    def _fresh(self) -> None:
        if self._generation != self._identity.classes.generation:
            self._generation = self._identity.classes.generation
            self.renew()


def _join(found: dict[W, int], others: Mapping[W, int]) -> None:
    for word, subjects in others.items():
        found[word] = found.get(word, 0) | subjects
