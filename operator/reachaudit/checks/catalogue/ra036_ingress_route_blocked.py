"""RA036: an Ingress whose requests a policy stops on their way."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reachaudit.checks.check import About, FactCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Direction, Ingress
from reachaudit.reach.explain import port_text, shut_by, target_text
from reachaudit.reach.ingresses import Route
from reachaudit.reach.verdict import Judgement, Outcome, PathVerdict, Value

ABOUT = About(
    "RA036",
    "V-36",
    "IngressRouteBlocked",
    "Ingress route blocked by policy",
    "Requests time out, although Ingress, Service and pods are in order.",
    Severity.HIGH,
)

_SHOWN = 4


class _Hop(NamedTuple):
    """A connection of a request: to what, and from whom where nobody in the cluster makes it."""

    target: str
    outside: str
    path: PathVerdict

    @property
    def shut(self) -> list[Judgement]:
        """The ways that policies shut; none where all pass, or not all is known (M-3)."""
        if self.path.outcome not in (Outcome.DENY, Outcome.PARTIAL):
            return []
        return [way for way in self.path.ways if way.value is Value.DENY]


def _judge(ingress: Ingress, view: View) -> Iterator[Finding]:
    """Both connections must pass (ING-15). One finding for each that does not."""
    shut: dict[str, list[tuple[Route, _Hop]]] = {}
    for route in view.reach.ingresses.routes_of(ingress):
        for hop in _hops(route, view):
            if hop.shut:
                shut.setdefault(hop.target, []).append((route, hop))
    for found in shut.values():
        yield _finding([route for route, _ in found], found[0][1], view)


def _hops(route: Route, view: View) -> Iterator[_Hop]:
    """The connections that make up a request; none where nobody known serves the Ingress."""
    if route.service is None:
        return
    ingresses, family = view.reach.ingresses, route.service.families[0]
    serving = ingresses.serving(route.ingress)
    if serving.pods:
        path = ingresses.from_outside(route, family)
        yield _Hop("controller", "clients outside (or the node they enter by)", path)
    if serving.pods or serving.cloud:
        backend = f"{route.backend.service}:{route.backend.port}"
        straight = route.ingress.pod_mode or route.service.pod_mode  # ING-20
        balancer = "the load balancer" + ("" if straight else " (or the node it enters by)")
        yield _Hop(backend, balancer, ingresses.to_backend(route, family))


def _finding(routes: Sequence[Route], hop: _Hop, view: View) -> Finding:
    first, labels = hop.shut[0], some(route.label for route in routes)
    often = "" if hop.path.outcome is Outcome.DENY else " now and then"
    source, target = _source(first, hop, view), view.name(first.target)
    paths = (f"{_source(way, hop, view)} → {target_text(way)}" for way in hop.shut)
    return Finding(
        ABOUT.id,
        ABOUT.severity,
        routes[0].ingress.ref,
        f"Requests for {labels} fail{often}: {source} may not connect to {target} on "
        f"{port_text(first.port)}. {_blame(hop.shut, view)}",
        _fix(first, source, target),
        field=routes[0].field,
        target=hop.target,
        path=tuple(dict.fromkeys(paths))[:_SHOWN],
        rules=("ING-15", "ING-16", "NP-53"),
    )


def _source(way: Judgement, hop: _Hop, view: View) -> str:
    """An address outside is only one of many, and says nothing."""
    return view.name(way.source) if way.source.node else hop.outside


def _blame(shut: Sequence[Judgement], view: View) -> str:
    """`No ingress rule of NetworkPolicy shop/api, shop/default-deny allows it.`"""
    policies: dict[Direction, list[str]] = {}
    for way in shut:
        for side in shut_by(view.reach.judge, way):
            names = [f"{ref.namespace}/{ref.name}" for ref in side.policies]
            policies.setdefault(side.direction, []).extend(names)
    sides = (
        f"{direction} rule of NetworkPolicy {some(names)}" for direction, names in policies.items()
    )
    return f"No {' and no '.join(sides)} allows it."


def _fix(way: Judgement, source: str, target: str) -> str:
    """ING-16: the source is who dials the pods. NP-53: the port is theirs."""
    port, fixes = port_text(way.port), []
    if way.egress is Value.DENY and way.source.pod:
        namespace = way.source.pod.namespace
        fixes.append(f"In {namespace}, allow egress from {source} to {target} on {port}.")
    if way.ingress is Value.DENY and way.target.pod:
        namespace = way.target.pod.namespace
        fixes.append(f"In {namespace}, allow ingress to {target} from {source} on {port}.")
    return " ".join([*fixes, "That is the port of the pods, not of the Service."])


CHECK = FactCheck(ABOUT, Ingress, _judge)
