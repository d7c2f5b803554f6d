"""Flows among workloads: who reaches one, and why that is not known where it is not.

A pair is UNKNOWN where the sender's egress is, or the target's ingress; where both are, the egress
tells why, as the judge does.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

from reachaudit.model.ip import Family
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.listing.alike import Doubt, Found, Piece, labelled
from reachaudit.reach.listing.census import Census
from reachaudit.reach.ports import Span
from reachaudit.reach.verdict import Reason


class Among:
    """The flows among the workloads of one state, in one family."""

    def __init__(self, census: Census, family: Family) -> None:
        self._census, self._reach, self._family = census, census.reach, family

    def into(self, own: Sequence[PodClass]) -> Iterator[Piece]:
        """Who reaches a workload, by its classes."""
        find = self._doubtful if self._reach.unsure else self._sure
        return labelled(self._family, (cell for each in own for cell in find(each)))

    def _sure(self, own: PodClass) -> Iterator[tuple[Span, Found]]:
        for span, ends in self._reach.rows.into(own, self._family):
            yield span, Found(self._named(ends.must))

    def _doubtful(self, own: PodClass) -> Iterator[tuple[Span, Found]]:
        """The same where something may be UNKNOWN: both sides of each pair are looked at."""
        rows = self._reach.rows
        column = rows.column(own, self._family, "egress")
        for span, ends in rows.allowed_by(own, self._family, "ingress"):
            for part, allowing in column.on(span):
                must, may = ends.must & allowing.must, ends.may & allowing.may
                doubts = self._doubts(own, part.first, may & ~must, allowing.must)
                unsure = tuple((reason, self._named(sources)) for reason, sources in doubts)
                if must or unsure:
                    yield part, Found(self._named(must), unsure)

    def _named(self, classes: int) -> int:
        return self._census.named(classes, self._family)

    def _doubts(self, own: PodClass, port: int, unsure: int, allowing: int) -> Iterator[Doubt]:
        """Why classes may reach another or may not; `allowing` are those whose egress lets them."""
        if by_egress := unsure & ~allowing:
            yield from self._by_egress(own, port, by_egress)
        if by_ingress := unsure & allowing:
            yield from self._by_ingress(own, port, by_ingress)

    def _by_egress(self, own: PodClass, port: int, sources: int) -> Iterator[Doubt]:
        for reason, doubtful in self._doubtful_senders:
            yield reason, sources & doubtful
            sources &= ~doubtful
        if not self._reach.identity.spaces.known(own.namespace):  # NP-20
            for number in bits.members(sources):
                profile = self._reach.judge.egress.of(number)
                if profile.at(port).may.by_class(own.number):
                    yield profile.reason, 1 << number
                    sources &= ~(1 << number)
        unplaced = self._census.unplaced(self._family) >> own.number & 1
        yield Reason.NO_ADDRESS if unplaced else Reason.IP_BLOCK, sources

    def _by_ingress(self, own: PodClass, port: int, sources: int) -> Iterator[Doubt]:
        profile = self._reach.judge.ingress.of(own.number)
        must, may = profile.at(port)
        doubtful = self._census.doubt([profile]) is not None
        by_class = sources if doubtful else sources & may.classes & ~must.classes
        yield profile.reason, by_class
        by_block = sources & ~by_class
        unplaced = self._census.unplaced(self._family)
        yield Reason.NO_ADDRESS, by_block & unplaced
        yield Reason.IP_BLOCK, by_block & ~unplaced

    @cached_property
    def _doubtful_senders(self) -> list[Doubt]:
        """The classes whose egress leaves things open whomever they send to, by the reason."""
        found: dict[Reason, int] = {}
        judge, classes = self._reach.judge, self._reach.identity.classes
        doubtful = (judge.egress.opaque | classes.doubtful) & bits.of(classes.by_number)
        for number in bits.members(doubtful):
            reason = self._census.doubt([judge.egress.of(number)])
            if reason:
                found[reason] = found.get(reason, 0) | 1 << number
        return list(found.items())
