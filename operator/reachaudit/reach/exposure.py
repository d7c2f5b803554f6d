"""Exposure: which workloads clients outside reach, from which zone, and by which way in."""

from collections.abc import Iterator

from msgspec import Struct

from reachaudit.model.facts import Ingress, Pod, Service
from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.callers import PASSING as PASSING
from reachaudit.reach.derived import Graph, Table
from reachaudit.reach.verdict import PathVerdict
from reachaudit.reach.way_in import WayIn
from reachaudit.reach.ways_in import WaysIn
from reachaudit.reach.workloads import Workload
from reachaudit.reach.zones import Zone

Opener = Service | Ingress | Pod


class Exposure(Struct, frozen=True):
    """A way in, and what becomes of the zone's client that fares best there."""

    zone: Zone
    family: Family
    workload: Workload
    by: Ref
    way: str
    port: int
    verdict: PathVerdict

    @property
    def open(self) -> bool:
        """Whether connections surely pass, at least by some choice of the network."""
        return self.verdict.outcome in PASSING


class Exposures:
    """Judges all ways in from outside, object by object that opens them."""

    def __init__(self, facts: Facts, ways: WaysIn, graph: Graph) -> None:
        self._facts, self._ways, self._graph = facts, ways, graph
        self.by: Table[Ref, tuple[Exposure, ...]] = Table(graph, self._judge)
        self._openers: dict[Ref, None] = {}

    def all(self) -> list[Exposure]:
        """Every way in to pods, open or not, by Service, Ingress, host port and pod address."""
        return [exposure for ref in sorted(self._openers) for exposure in self.by[ref]]

    def put(self, fact: Opener) -> None:
        """An object that may open ways in is there."""
        if not isinstance(fact, Pod) or self._ways.may_open(fact):
            self._openers[fact.ref] = None
            self.by.stale[fact.ref] = None

    def drop(self, fact: Opener) -> None:
        """The reverse of `put`."""
        if fact.ref in self._openers:
            del self._openers[fact.ref]
            self.by.stale[fact.ref] = None

    def renewed(self) -> Iterator[tuple[Ref, tuple[Exposure, ...]]]:
        """The objects whose ways in may be others than when this was last asked, with these."""
        for ref in list(self.by.stale):
            if ref in self._openers:
                yield ref, self.by[ref]
            else:
                self.by.drop(ref)
                yield ref, ()

    def _judge(self, ref: Ref) -> tuple[Exposure, ...]:
        return tuple(_exposure(way) for way in self.ways(ref))

    def ways(self, ref: Ref) -> Iterator[WayIn]:
        """The ways in that an object opens; none where it is gone."""
        self._graph.saw(ref)
        if service := self._facts.get(Service, ref):
            yield from self._ways.by_service(service)
        elif ingress := self._facts.get(Ingress, ref):
            yield from self._ways.by_ingress(ingress)
        elif pod := self._facts.get(Pod, ref):
            yield from self._ways.by_host_ports(pod)
            yield from self._ways.by_pod_addresses(pod)


def _exposure(way: WayIn) -> Exposure:
    verdict = way.onward(way.entry.best)
    return Exposure(way.zone, way.family, way.workload, way.by, way.way, way.port, verdict)
