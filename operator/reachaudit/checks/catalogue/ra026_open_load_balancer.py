"""RA026: a load balancer that faces the internet and lets anybody in."""

from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.checks.check import About, FactCheck
from reachaudit.checks.view import View
from reachaudit.checks.ways_in import paths_of
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Service
from reachaudit.model.ip import Address
from reachaudit.reach.exposure import PASSING
from reachaudit.reach.frontends import Frontend, frontends
from reachaudit.reach.party import Party
from reachaudit.reach.verdict import Outcome, PathVerdict, Reason, Value

ABOUT = About(
    "RA026",
    "V-26",
    "OpenLoadBalancer",
    "Internet-facing load balancer without source limits",
    "Everyone in the internet can connect to the pods behind it.",
    Severity.HIGH,
)


class _Way(NamedTuple):
    frontend: Frontend
    path: PathVerdict


class _Group(NamedTuple):
    """Clients who fare alike: how many addresses they have, and one of them."""

    number: int
    first: Party
    path: PathVerdict


def _judge(service: Service, view: View) -> Iterator[Finding]:
    """By verdict: ranges, policies and scheme all count (SVC-35, SVC-36, EXT-15)."""
    if service.type != "LoadBalancer" or not service.balancers:
        return
    exposures = [e for e in view.exposed_by(service.ref) if e.zone == "internet"]
    ways = list(_unlimited(service, {exposure.way for exposure in exposures}, view))
    if not ways:
        return
    message, severity = _weighed(ways, view)
    unless = "If that is not meant, set" if severity is Severity.LOW else "Set"
    opened = {str(way.frontend) for way in ways}
    yield Finding(
        ABOUT.id,
        severity,
        service.ref,
        message,
        f"{unless} spec.loadBalancerSourceRanges to the clients that are meant, or make the load "
        "balancer internal.",
        field="spec.loadBalancerSourceRanges",
        path=paths_of([exposure for exposure in exposures if exposure.way in opened], view),
        rules=("SVC-31", "SVC-35", "EXT-15"),
    )


def _weighed(ways: list[_Way], view: View) -> tuple[str, Severity]:
    """Who is reached where, and how grave it is: UNKNOWN is no alarm, and doors are for all."""
    reached = {j.target for w in ways for j in w.path.ways if j.value is not Value.DENY}
    names, where = some(sorted(map(view.name, reached))), some(w.frontend.place for w in ways)
    if all(way.path.outcome is Outcome.UNKNOWN for way in ways):
        reasons = some(way.path.reason.value for way in ways if way.path.reason)
        message = f"Whether the whole internet reaches {names} at {where} is UNKNOWN ({reasons})."
        return message, Severity.MEDIUM
    message = f"The whole internet reaches {names} at {where}."
    if all(target.pod is not None and view.is_door(target.pod.ref) for target in reached):
        return f"{message} It is the door of an Ingress controller.", Severity.LOW
    return message, ABOUT.severity


def _unlimited(service: Service, facing: set[str], view: View) -> Iterator[_Way]:
    """Where it listens to the internet and lets anybody in, or may.

    Ranges that are only the provider's to heed are limits: its user can write no others.
    """
    for frontend in frontends(service):
        if frontend.kind == "LoadBalancer" and str(frontend) in facing:
            path = _of_most(frontend, view)
            if path is not None:
                yield _Way(frontend, path)


def _of_most(frontend: Frontend, view: View) -> PathVerdict | None:
    """What becomes of clients, if more than half of the internet's addresses pass, or may.

    Who lets most in limits nobody, though he may forbid a few. However blocks of others cut the
    internet, it is the same.
    """
    internet, ask = view.internet(frontend.family), view.reach.paths.to_frontend
    found = view.reach.identity.telling.parties(internet, lambda c: ask(c, frontend))
    groups = [_Group(sum(map(internet.__getitem__, c)), min(c, key=_at), p) for c, p in found]
    passing = [group for group in groups if group.path.outcome in PASSING]
    unsure = [group for group in groups if _unsure(group.path)]
    for enough, told in ((passing, passing), ([*passing, *unsure], unsure)):
        if 2 * sum(group.number for group in enough) > sum(internet.values()):
            return max(told, key=lambda group: (group.number, _at(group.first))).path
    return None


def _at(client: Party) -> Address:
    return client.address


def _unsure(path: PathVerdict) -> bool:
    return path.outcome is Outcome.UNKNOWN and path.reason is not Reason.PROVIDER


CHECK = FactCheck(ABOUT, Service, _judge)
