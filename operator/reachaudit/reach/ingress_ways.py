"""Ways in by Ingresses: through a door of who serves one, and from there to its backends."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from itertools import product
from typing import NamedTuple

from reachaudit.model.facts import Ingress
from reachaudit.model.ip import FAMILIES, Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach.callers import Callers, Entry
from reachaudit.reach.controllers import Serving
from reachaudit.reach.derived import Table
from reachaudit.reach.facing import BOTH
from reachaudit.reach.identity import Identity
from reachaudit.reach.ingresses import Ingresses, Route, web_port
from reachaudit.reach.party import Party
from reachaudit.reach.ports import position
from reachaudit.reach.services import Services
from reachaudit.reach.verdict import PASSES, Outcome, PathVerdict, client_chooses, no_path
from reachaudit.reach.way_in import WayIn, ends
from reachaudit.reach.zones import Zone


class Doors(NamedTuple):
    """All that tells how clients outside come in to a controller."""

    pods: tuple[Ref, ...]
    nginx: bool
    number: int
    ranges: tuple[Block, ...] | None


class _Coming(NamedTuple):
    """The clients of a zone before a controller's doors."""

    doors: Doors
    zone: Zone
    family: Family


class IngressWays:
    """Finds the ways in by Ingresses. What Ingresses of one controller share is found once."""

    def __init__(
        self, identity: Identity, services: Services, ingresses: Ingresses, callers: Callers
    ) -> None:
        self._identity, self._services = identity, services
        self._ingresses, self._callers = ingresses, callers
        self._entrances: Table[_Coming, PathVerdict] = Table(identity.graph, self._enter)
        self._open: Table[Doors, tuple[_Coming, ...]] = Table(identity.graph, self._find_open)

    def of(self, ingress: Ingress) -> Iterator[WayIn]:
        """By all routes whose backend is a Service port."""
        serving = self._ingresses.serving(ingress)
        for route in self._ingresses.routes_of(ingress):
            if route.service is None or route.port is None:
                continue
            entries: dict[Family, dict[Zone, Entry]] = {}
            for zone, family, entry in self._entries(route, serving):
                entries.setdefault(family, {})[zone] = entry
            for family, by_zone in entries.items():
                yield from self._by_route(route, family, by_zone)

    def _by_route(
        self, route: Route, family: Family, entries: Mapping[Zone, Entry]
    ) -> Iterator[WayIn]:
        """Workload by workload and port by port, whatever family the controller dials it in."""
        assert route.service is not None
        assert route.port is not None
        ref, way = route.ingress.ref, f"Ingress {route.label}"
        backends = [
            backend
            for each in route.service.families
            for backend in self._services.backends(route.service, route.port, each)
        ]
        for (workload, number), only in ends(backends, self._identity).items():
            onward = _Onward(route, partial(self._ingresses.to_backend, route, family, only))
            at = position(route.port.protocol, number)
            for zone, entry in entries.items():
                yield WayIn(zone, family, workload, ref, way, at, entry, onward, route)

    def _entries(self, route: Route, serving: Serving) -> Iterator[tuple[Zone, Family, Entry]]:
        """How clients come in to who serves a route, where they come in at all."""
        if not serving.pods:
            for family, zone in product(FAMILIES, BOTH):
                known = self._beyond(route, serving, zone, family)
                entry = self._callers.before(zone, family, partial(_same, known))
                if entry.best.outcome is not Outcome.NO_PATH:
                    yield zone, family, entry
            return
        ranges, number = route.ingress.source_ranges, web_port(route)
        for coming in self._open[Doors(serving.refs, serving.nginx, number, ranges)]:
            by_door = partial(self._by_any_door, coming)
            best = partial(self._entrances.__getitem__, coming)
            zone, family = coming.zone, coming.family
            yield zone, family, self._callers.before(zone, family, by_door, best)

    def _beyond(self, route: Route, serving: Serving, zone: Zone, family: Family) -> PathVerdict:
        """Where no pods serve: a load balancer outside takes whom it is for."""
        if not serving.cloud:
            return serving.nobody
        ingress, given = route.ingress, route.service.families if route.service else ()
        # Of one that has a name alone, the backend's families are all that is known.
        own = (
            b for b in ingress.balancers if family in ((b.address.family,) if b.address else given)
        )
        zones = (self._callers.facing.balancer(b.address, ingress.scheme) for b in own)
        faces = any(zone in each for each in zones)
        return PASSES if faces else no_path("its load balancer is not for them")

    def _find_open(self, doors: Doors) -> tuple[_Coming, ...]:
        """Who comes in to a controller, allowed or not."""
        found = (_Coming(doors, zone, family) for family, zone in product(FAMILIES, BOTH))
        return tuple(c for c in found if self._entrances[c].outcome is not Outcome.NO_PATH)

    def _enter(self, coming: _Coming) -> PathVerdict:
        """What becomes of the client that fares best, by any door that it can dial."""
        by_door = partial(self._by_any_door, coming)
        return self._callers.before(coming.zone, coming.family, by_door).best

    def _by_any_door(self, coming: _Coming, client: Party) -> PathVerdict:
        doors, zone, family = coming
        pods = [pod for ref in doors.pods if (pod := self._identity.pod(ref)) is not None]
        facing, paths = self._callers.facing, list[PathVerdict]()
        for frontend, entrance in self._ingresses.doors.each(client, pods, doors.number):
            if zone in (facing.frontend(frontend) if frontend else facing.nodes[family]):
                path = self._ingresses.listed(client, doors.ranges, entrance, nginx=doors.nginx)
                by_node = frontend is None or frontend.kind == "NodePort"
                paths.append(self._callers.by_some_node(zone, family, path) if by_node else path)
        return client_chooses(paths)


def _same(known: PathVerdict, _: Party) -> PathVerdict:
    return known


class _Onward:
    """From a controller to a route's backend: the same whoever came in."""

    def __init__(self, route: Route, to_backend: Callable[[], PathVerdict]) -> None:
        self._route, self._to_backend = route, to_backend

    @cached_property
    def _last(self) -> PathVerdict:
        return self._to_backend()

    def __call__(self, entrance: PathVerdict) -> PathVerdict:
        return Ingresses.through(entrance, self._route, self._last)
