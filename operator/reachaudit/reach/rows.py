"""Rows: whom a class connects to, and who connects to it, port by port (NP-10).

A row is derived when it is asked for: what the class allows, cut by whose own rules name it. Rows
are sets of classes; no pair is looked at.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reachaudit.model.facts import Direction, NetworkPolicy
from reachaudit.model.ip import Family
from reachaudit.reach.classes import PodClass
from reachaudit.reach.columns import Column, Columns, Sets
from reachaudit.reach.identity import Identity
from reachaudit.reach.judge import Judge
from reachaudit.reach.ports import Span
from reachaudit.reach.profiles import Profile, Profiles
from reachaudit.reach.rules import NOBODY, Peers, Planes

Row = list[tuple[Span, Sets]]


_DIRECTIONS: tuple[Direction, Direction] = ("ingress", "egress")
OPPOSITE: dict[Direction, Direction] = {"ingress": "egress", "egress": "ingress"}
_NOBODY = Planes(NOBODY, NOBODY)


class AddressSets(NamedTuple):
    """Signatures of addresses that a class surely may send to, and those that it may."""

    must: int
    may: int

    def __or__(self, other: "AddressSets") -> "AddressSets":
        """The union, plane by plane."""
        return AddressSets(self.must | other.must, self.may | other.may)


OutRow = list[tuple[Span, AddressSets]]


class Rows:
    """Derives rows from the profiles of both directions."""

    def __init__(self, identity: Identity, judge: Judge, *, sure: bool) -> None:
        """`sure`: blocks surely match pods (NP-30)."""
        self._identity, self._judge, self._sure = identity, judge, sure
        self._ingress = Columns(identity, judge.ingress, sure=sure)
        self._egress = Columns(identity, judge.egress, sure=sure)
        self._holding: dict[int, int] = {}
        self._at = -1, -1

    def put(self, policy: NetworkPolicy) -> None:
        """The judge has taken a policy over."""
        for columns, profiles in self._sides():
            compiled = profiles.compiled(policy)
            if compiled is not None:
                columns.put(compiled)

    def drop(self, policy: NetworkPolicy) -> None:
        """The reverse of `put`."""
        for columns, profiles in self._sides():
            if profiles.compiled(policy) is not None:
                columns.drop(policy.ref)

    def renew(self) -> None:
        """Signatures, or the namespaces that selectors match, are others than before."""
        self._ingress.renew()
        self._egress.renew()

    def into(self, own: PodClass, family: Family) -> Row:
        """Who connects to a class."""
        return cut(self.allowed_by(own, family, "ingress"), self.column(own, family, "egress"))

    def out_of(self, own: PodClass, family: Family) -> Row:
        """Whom a class connects to."""
        return cut(self.allowed_by(own, family, "egress"), self.column(own, family, "ingress"))

    def allowed_by(self, own: PodClass, family: Family, direction: Direction) -> Row:
        """Whom a class's own rules allow in one direction, whatever theirs say."""
        if not own.pods[family]:
            return []
        row = self.of_profile(self._judge.profiles(direction).of(own.number), family)
        if own.pods[family] == 1:  # a pod alone has nobody like it to reach
            return list(among(row, ~(1 << own.number)))
        return self.of_two_pods(own, family, direction, row)

    def of_profile(self, profile: Profile, family: Family) -> Row:
        """Whom a profile's rules allow; for a class that has it, itself counted as well."""
        present = self._identity.classes.present[family]
        found: Row = []
        for cell in profile.row:
            must, may = self.allowed(cell.planes, family)
            if may & present:
                found.append((cell.span, Sets(must & present, may & present)))
        return found

    def meets_itself_by_blocks(self, own: PodClass) -> bool:
        """Whether blocks alone may let a class's pods connect to one another."""
        return all(
            any(c.planes.may.signatures and not c.planes.must.by_class(own.number) for c in row)
            for row in (self._judge.profiles(d).of(own.number).row for d in _DIRECTIONS)
        )

    def of_two_pods(self, own: PodClass, family: Family, direction: Direction, row: Row) -> Row:
        """A row without the class itself where blocks let only one and the same pod send and
        receive: a flow needs two pods.
        """
        alone = any(number == 1 for number in own.held.values())
        if not alone or not any(ends.may >> own.number & 1 for _, ends in row):
            return row
        found: Row = []
        for span, ends in row:
            for part, others in self._opposite(own, direction, span):
                planes = self._judge.profiles(direction).of(own.number).at(span.first)
                must = _pairs(own, family, planes.must, others.must, self._identity)
                may = _pairs(own, family, planes.may, others.may, self._identity)
                bit = 1 << own.number
                _append(
                    found,
                    part,
                    Sets(
                        ends.must if must else ends.must & ~bit,
                        ends.may if may else ends.may & ~bit,
                    ),
                )
        return found

    def _opposite(
        self, own: PodClass, direction: Direction, span: Span
    ) -> Iterator[tuple[Span, Planes]]:
        """What a class's rules of the other direction say, on the parts of a span."""
        row = self._judge.profiles(OPPOSITE[direction]).of(own.number).row
        at = span.first
        for cell in row:
            first, last = max(cell.span.first, at), min(cell.span.last, span.last)
            if first <= last:
                if at < first:
                    yield Span(at, first - 1), _NOBODY
                yield Span(first, last), cell.planes
                at = last + 1
        if at <= span.last:
            yield Span(at, span.last), _NOBODY

    def column(self, own: PodClass, family: Family, direction: Direction) -> Column:
        """Whose own rules of a direction allow a class."""
        columns = self._ingress if direction == "ingress" else self._egress
        return columns.of(own, family)

    def outside(self, own: PodClass, family: Family) -> OutRow:
        """Where a class may send to by address; outside, its egress alone decides (EXT-11)."""
        known = self._identity.signatures.of_family[family]
        row = self._judge.egress.of(own.number).row
        found = (
            (c.span, AddressSets(c.planes.must.signatures & known, c.planes.may.signatures & known))
            for c in row
        )
        return [(piece, signatures) for piece, signatures in found if signatures.may]

    def tells(self, own: PodClass, signature: int, family: Family) -> bool:
        """Whether it matters to any rule that a class has a pod at a signature."""
        return any(columns.tells(own, signature, family) for columns, _ in self._sides())

    def _sides(self) -> tuple[tuple[Columns, Profiles], tuple[Columns, Profiles]]:
        return (self._ingress, self._judge.ingress), (self._egress, self._judge.egress)

    def allowed(self, planes: Planes, family: Family) -> Sets:
        """The classes with a pod that a rule allows, whatever their own rules say."""
        must, may = planes
        surely = self._members(must, family, by_block=self._sure)
        return Sets(surely, surely if must is may and self._sure else self._members(may, family))

    def _members(self, peers: Peers, family: Family, *, by_block: bool = True) -> int:
        """The classes with a pod that peers hold."""
        if peers.anybody:
            return -1
        found = peers.classes
        if by_block:
            if peers.signatures:
                found |= self._at_signatures(peers.signatures, family)
            for having, signatures in peers.guarded:
                found |= having & self._at_signatures(signatures, family)
        return found

    def _at_signatures(self, signatures: int, family: Family) -> int:
        """The classes with a pod at some signatures."""
        classes = self._identity.classes
        if self._at != (classes.generation, classes.places):
            self._at = classes.generation, classes.places
            self._holding.clear()
        own = signatures & self._identity.signatures.of_family[family]
        found = self._holding.get(own)
        if found is None:
            found = 0
            for signature, holding in classes.holding.items():
                if own >> signature & 1:
                    found |= holding
            self._holding[own] = found
        return found


def _pairs(
    own: PodClass, family: Family, allowed: Peers, allowing: Peers, identity: Identity
) -> bool:
    """Whether some pod of a class may connect to another, as far as blocks tell them apart."""
    if allowed.by_class(own.number) or allowing.by_class(own.number):
        return True
    signatures = allowed.signatures | allowing.signatures
    for having, guarded in allowed.guarded | allowing.guarded:
        signatures |= guarded if having >> own.number & 1 else 0
    known = signatures & identity.signatures.of_family[family]
    return sum(number for held, number in own.held.items() if known >> held & 1) > 1


def among(row: Row, classes: int) -> Iterator[tuple[Span, Sets]]:
    """A row cut to some classes."""
    for span, ends in row:
        if ends.may & classes:
            yield span, Sets(ends.must & classes, ends.may & classes)


def cut(row: Iterable[tuple[Span, Sets]], column: Column) -> Row:
    """What one end's rules allow, cut by what the others' rules do."""
    found: Row = []
    for span, ends in row:
        for part, allowing in column.on(span, ends):
            _append(found, part, Sets(ends.must & allowing.must, ends.may & allowing.may))
    return found


def _append(row: Row, piece: Span, ends: Sets) -> None:
    """Add to a row in order; equal neighbours become one."""
    if not ends.may:
        return
    if row and row[-1][0].last == piece.first - 1 and row[-1][1] == ends:
        row[-1] = Span(row[-1][0].first, piece.last), ends
    else:
        row.append((piece, ends))
