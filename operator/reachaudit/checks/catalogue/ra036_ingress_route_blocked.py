"""RA036: an Ingress whose requests a policy stops on their way."""

from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.checks.check import About, UnitCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Ingress
from reachaudit.reach.explain import hop_text, port_text, shut_by
from reachaudit.reach.ingresses import Route
from reachaudit.reach.party import Party
from reachaudit.reach.verdict import Judgement, Outcome, PathVerdict, Value, client_chooses
from reachaudit.reach.zones import Zone

ABOUT = About(
    "RA036",
    "V-36",
    "IngressRouteBlocked",
    "Ingress route blocked by policy",
    "Requests time out, although Ingress, Service and pods are in order.",
    Severity.HIGH,
)

_ZONES: tuple[Zone, Zone] = ("internet", "private")


class _Hop(NamedTuple):
    name: str
    path: PathVerdict


def _judge(ingress: Ingress, view: View) -> Iterator[Finding]:
    """Both connections must pass (ING-15); one finding for each backend and hop that is shut."""
    blocked: dict[tuple[str, str], list[tuple[Route, PathVerdict]]] = {}
    for route in view.reach.ingresses.routes_of(ingress):
        if route.service is not None:
            for hop in _hops(route, view):
                if hop.path.outcome in (Outcome.DENY, Outcome.PARTIAL) and _by_policy(hop.path):
                    backend = f"{route.backend.service}:{route.backend.port}"
                    blocked.setdefault((backend, hop.name), []).append((route, hop.path))
    for (backend, hop_name), found in blocked.items():
        yield _finding(ingress, backend, hop_name, found, view)


def _hops(route: Route, view: View) -> Iterator[_Hop]:
    """The connections that make up a request; none where nobody known serves the Ingress."""
    ingresses = view.reach.ingresses
    serving = ingresses.serving(route.ingress)
    assert route.service is not None
    family = route.service.families[0]
    if serving.pods:
        clients = (c for zone in _ZONES for c in view.reach.outside.zone(zone, family))
        path = client_chooses(ingresses.to_controller(client, route) for client in clients)
        yield _Hop("from clients to the controller", path)
        yield _Hop("from the controller to the backend", ingresses.to_backend(route, family))
    elif serving.cloud:
        yield _Hop("from the load balancer to the backend", ingresses.to_backend(route, family))


def _by_policy(path: PathVerdict) -> bool:
    return any(way.value is Value.DENY for way in path.ways)


def _finding(
    ingress: Ingress,
    backend: str,
    hop_name: str,
    found: list[tuple[Route, PathVerdict]],
    view: View,
) -> Finding:
    route, path = found[0]
    shut = [way for way in path.ways if way.value is Value.DENY]
    reasons = [str(side) for way in shut for side in shut_by(view.reach.judge, way)]
    labels = some(route.label for route, _ in found)
    fail = "fail" if path.outcome is Outcome.DENY else "fail now and then"
    return Finding(
        ABOUT.id,
        ABOUT.severity,
        ingress.ref,
        f"Requests for {labels} {fail} {hop_name}: {some(reasons)}.",
        f"Allow {_flow(shut[0], view)} in a NetworkPolicy: the port is the pods' own, and the "
        "source is who dials them, never the client behind it.",
        field=route.field,
        target=f"{backend} {hop_name}",
        path=tuple(dict.fromkeys(hop_text(way) for way in shut))[:4],
        rules=("ING-15", "ING-16", "NP-53"),
    )


def _flow(way: Judgement, view: View) -> str:
    """The flow that is to be allowed, by workloads where pods stand at its ends."""
    return f"{_end(way.source, view)} → {_end(way.target, view)} {port_text(way)}"


def _end(party: Party, view: View) -> str:
    return str(view.reach.identity.workloads[party.pod.ref] if party.pod else party)


CHECK = UnitCheck(ABOUT, lambda view: view.of(Ingress), _judge)
