"""Entries: what clients outside reach, kept by the objects that open the ways in."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach.derived import Graph
from reachaudit.reach.exposure import Exposure, Exposures
from reachaudit.reach.verdict import Outcome, Reason
from reachaudit.reach.zones import Zone

K = TypeVar("K")
Into = tuple[Zone, Family, Ref, int]


class Entries(NamedTuple):
    """What clients outside reach, as (zone, family, workload, port), and what they may reach."""

    sure: frozenset[Into] = frozenset()
    perhaps: frozenset[Into] = frozenset()


class _Reached(NamedTuple):
    zone: Zone
    workload: Ref


class EntryBook:
    """Follows all entries; several objects may open one. `unknown` counts ways in that may be."""

    def __init__(self, exposures: Exposures, graph: Graph) -> None:
        self._exposures, self._graph = exposures, graph
        self._of: dict[Ref, tuple[Exposure, ...]] = {}
        self._sure, self._perhaps = Counter[Into](), Counter[Into]()
        self._reached = Counter[_Reached]()
        self.unknown = Counter[Reason]()

    def follow(self) -> tuple[Entries, Entries]:
        """Judge anew what may have changed; answer the entries that may have, before and after."""
        if not self._exposures.by.stale:
            return Entries(), Entries()
        changed = [
            (ref, old, new)
            for ref, new in self._exposures.renewed()
            if (old := self._of.get(ref, ())) is not new
        ]
        touched = {_into(each) for _, old, new in changed for each in (*old, *new)}
        before = self._among(touched)
        reached = {_Reached(zone, workload) for zone, _, workload, _ in touched}
        were = {each for each in reached if each in self._reached}
        for ref, old, new in changed:
            self._count(old, -1)
            self._count(new, 1)
            if new:
                self._of[ref] = new
            else:
                self._of.pop(ref, None)
        self._graph.touch(each for each in reached if (each in were) != (each in self._reached))
        return before, self._among(touched)

    def reach(self, zone: Zone, workload: Ref) -> bool:
        """Whether clients of a zone surely reach a workload."""
        self._catch_up()
        self._graph.saw(_Reached(zone, workload))
        return _Reached(zone, workload) in self._reached

    @property
    def exposed(self) -> Counter[Zone]:
        """How many workloads clients of each zone surely reach."""
        self._catch_up()
        return Counter(zone for zone, _ in self._reached)

    def all(self) -> Entries:
        """All entries."""
        self._catch_up()
        return Entries(frozenset(self._sure), frozenset(self._perhaps))

    def _catch_up(self) -> None:
        """Whoever asks of a state that nobody follows has it judged now."""
        self.follow()

    def _among(self, wanted: set[Into]) -> Entries:
        return Entries(
            frozenset(each for each in wanted if each in self._sure),
            frozenset(each for each in wanted if each in self._perhaps),
        )

    def _count(self, exposures: Iterable[Exposure], by: int) -> None:
        for each in exposures:
            if each.open:
                _add(self._sure, _into(each), by)
                _add(self._reached, _Reached(each.zone, each.workload.ref), by)
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
