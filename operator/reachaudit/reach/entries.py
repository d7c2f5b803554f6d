"""Entries: what clients outside reach, kept by the objects that open the ways in."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach.exposure import Exposure, Exposures
from reachaudit.reach.verdict import Outcome, Reason
from reachaudit.reach.zones import Zone

K = TypeVar("K")
Into = tuple[Zone, Family, Ref, int]


class Entries(NamedTuple):
    """What clients outside reach, as (zone, family, workload, port), and what they may reach."""

    sure: frozenset[Into] = frozenset()
    perhaps: frozenset[Into] = frozenset()


class EntryBook:
    """Follows all entries; several objects may open one. `unknown` counts ways in that may be."""

    def __init__(self, exposures: Exposures) -> None:
        self._exposures = exposures
        self._of: dict[Ref, tuple[Exposure, ...]] = {}
        self._sure, self._perhaps = Counter[Into](), Counter[Into]()
        self.unknown = Counter[Reason]()

    def follow(self) -> tuple[Entries, Entries]:
        """Judge anew what may have changed; answer the entries that may have, before and after."""
        changed = [
            (ref, old, new)
            for ref, new in self._exposures.renewed()
            if (old := self._of.get(ref, ())) is not new
        ]
        touched = {_into(each) for _, old, new in changed for each in (*old, *new)}
        before = self._among(touched)
        for ref, old, new in changed:
            self._count(old, -1)
            self._count(new, 1)
            if new:
                self._of[ref] = new
            else:
                self._of.pop(ref, None)
        return before, self._among(touched)

    def all(self) -> Entries:
        """All entries."""
        return Entries(frozenset(self._sure), frozenset(self._perhaps))

    def _among(self, wanted: set[Into]) -> Entries:
        return Entries(
            frozenset(each for each in wanted if each in self._sure),
            frozenset(each for each in wanted if each in self._perhaps),
        )

    def _count(self, exposures: Iterable[Exposure], by: int) -> None:
        for each in exposures:
            if each.open:
                _add(self._sure, _into(each), by)
            elif each.verdict.outcome is Outcome.UNKNOWN:
                _add(self._perhaps, _into(each), by)
                if each.verdict.reason:
                    _add(self.unknown, each.verdict.reason, by)


def _into(exposure: Exposure) -> Into:
    return exposure.zone, exposure.family, exposure.workload.ref, exposure.port


def _add(counts: Counter[K], key: K, by: int) -> None:
    counts[key] += by
    if not counts[key]:
        del counts[key]
