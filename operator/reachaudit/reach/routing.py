"""Which route of which Ingress takes a request for a host and path (ING-7 to ING-10, ING-22)."""

from collections.abc import Iterable
from typing import NamedTuple

from reachaudit.model.facts import Ingress
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.derived import Graph, Table
from reachaudit.reach.ingresses import Ingresses, Route
from reachaudit.reach.verdict import PathVerdict, Reason, no_path, unknown


class Wanted(NamedTuple):
    """A host and path. `ingress`: one of those among whose routes they are looked for, which are
    all that are served by the same; None for all there are.
    """

    host: str
    path: str
    ingress: Ref | None


class Routing:
    """Finds routes; each is looked for once."""

    def __init__(self, facts: Facts, ingresses: Ingresses, graph: Graph) -> None:
        self._facts, self._ingresses = facts, ingresses
        self._taken: Table[Wanted, Route | PathVerdict] = Table(graph, self._find)

    def route(self, wanted: Wanted) -> Route | PathVerdict:
        """The route that takes a request, or why none or an unknown one does."""
        return self._taken[wanted]

    def _find(self, wanted: Wanted) -> Route | PathVerdict:
        routes = self._ingresses.routes
        own = self._facts.get(Ingress, wanted.ingress) if wanted.ingress else None
        if own is not None:
            serving = self._ingresses.serving(own)
            routes = [r for r in routes if self._ingresses.serving(r.ingress) == serving]
        return route_of(routes, wanted.host, wanted.path)


def route_of(routes: Iterable[Route], host: str, path: str) -> Route | PathVerdict:
    """The route that takes a request, or why none or an unknown one does.

    `routes` are those of Ingresses that one controller serves.
    """
    fitting = [route for route in routes if _host_rank(route.host, host) is not None]
    if not fitting:
        return no_path("no rule has this host, and there is no default backend", "ING-7")
    best_host = max(_host_rank(route.host, host) or 0 for route in fitting)
    of_host = [r for r in fitting if _host_rank(r.host, host) == best_host and not _default(r)]
    matching = [route for route in of_host if _matches(route, path)]
    unsure = [
        r for r in of_host if _unsure(r, path) and not any(r.path == m.path for m in matching)
    ]
    best = max(map(_path_rank, matching), default=(-1, False))
    if any(len(route.path) > best[0] for route in unsure):
        return unknown(Reason.MATCHING, "an ImplementationSpecific path may take it", "ING-8")
    if matching:
        return _oldest(route for route in matching if _path_rank(route) == best)
    defaults = [route for route in routes if _default(route)]
    return _oldest(defaults) if defaults else no_path("no path of the host matches", "ING-10")


def _default(route: Route) -> bool:
    return route.field == "spec.defaultBackend"


def _host_rank(rule: str, host: str) -> int | None:
    """Exact before wildcard before empty; a wildcard stands for exactly one label (ING-7)."""
    if rule == host:
        return 2
    if rule.startswith("*.") and host.partition(".")[2] == rule[2:] and host.partition(".")[0]:
        return 1
    return None if rule else 0


def _matches(route: Route, path: str) -> bool:
    match route.path_type:
        case "Exact":
            return path == route.path
        case "Prefix":  # element by element; a trailing slash is nothing (ING-8)
            prefix, wanted = route.path.rstrip("/"), path.rstrip("/")
            return wanted == prefix or wanted.startswith(f"{prefix}/") or not prefix
        case _:
            return path == route.path


def _unsure(route: Route, path: str) -> bool:
    return route.path_type == "ImplementationSpecific" and path != route.path


def _path_rank(route: Route) -> tuple[int, bool]:
    """Longest first, then Exact before Prefix (ING-9)."""
    return len(route.path.rstrip("/")), route.path_type == "Exact"


def _oldest(routes: Iterable[Route]) -> Route:
    """Where several Ingresses claim the same, the oldest object wins, as ingress-nginx does."""
    return min(routes, key=lambda r: (r.ingress.created, r.ingress.namespace, r.ingress.name))
