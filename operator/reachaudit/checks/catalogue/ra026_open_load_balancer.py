"""RA026: a load balancer that faces the internet and limits no sources."""

from collections.abc import Iterator

from reachaudit.checks.check import About, UnitCheck
from reachaudit.checks.view import View
from reachaudit.checks.ways_in import paths_of
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Ingress, Service
from reachaudit.reach.exposure import Exposure
from reachaudit.reach.verdict import Outcome

ABOUT = About(
    "RA026",
    "V-26",
    "OpenLoadBalancer",
    "Internet-facing load balancer without source limits",
    "Everyone in the internet can connect to the pods behind it.",
    Severity.HIGH,
)


def _units(view: View) -> list[Service]:
    return [s for s in view.of(Service) if s.type == "LoadBalancer" and s.balancers]


def _judge(service: Service, view: View) -> Iterator[Finding]:
    """By verdict: ranges, policies and scheme all count (SVC-35, SVC-36, EXT-15)."""
    ways = [
        way
        for way in view.exposed_by.get(service.ref, [])
        if way.way.startswith("LoadBalancer")
        and way.zone == "internet"
        and _unlimited(way, service)
    ]
    if not ways:
        return
    where = some(str(b.address or b.hostname) for b in service.balancers)
    serves_ingress = _serves_ingress(ways, view)
    what = " It is the door of an ingress controller, which may be meant." if serves_ingress else ""
    yield Finding(
        ABOUT.id,
        Severity.LOW if serves_ingress else ABOUT.severity,
        service.ref,
        f"{where} is open to the whole internet: {_who(ways)}.{what}",
        "Set spec.loadBalancerSourceRanges to the clients that are meant, or make the load "
        "balancer internal.",
        field="spec.loadBalancerSourceRanges",
        path=paths_of(ways),
        rules=("SVC-31", "SVC-35", "EXT-15"),
    )


def _unlimited(way: Exposure, service: Service) -> bool:
    """Whether connections pass, or may, and no range of that family limits them."""
    ranges = [block for block in service.provider_ranges if block.family == way.family]
    limited = bool(ranges) and not any(str(block).endswith("/0") for block in ranges)
    passes = way.open or way.verdict.outcome is Outcome.UNKNOWN
    return passes and not limited


def _who(ways: list[Exposure]) -> str:
    names = some(str(way.workload) for way in ways)
    if any(way.open for way in ways):
        return f"it reaches {names}"
    return f"whether it reaches {names} is UNKNOWN"


def _serves_ingress(ways: list[Exposure], view: View) -> bool:
    """Whether the workloads behind it are the data path of some Ingress."""
    identity, ingresses = view.reach.identity, view.reach.ingresses
    doors = {
        identity.workloads[pod.ref]
        for ingress in view.reach.facts.of(Ingress)
        for pod in ingresses.serving(ingress).pods
    }
    return all(way.workload in doors for way in ways)


CHECK = UnitCheck(ABOUT, _units, _judge)
