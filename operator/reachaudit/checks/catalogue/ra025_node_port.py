"""RA025: a Service that opens a port on every node."""

from collections.abc import Iterator

from reachaudit.checks.check import About, FactCheck
from reachaudit.checks.view import View
from reachaudit.checks.ways_in import openness, paths_of
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Service
from reachaudit.reach.frontends import frontends

ABOUT = About(
    "RA025",
    "V-25",
    "NodePortService",
    "NodePort Service",
    "The port is open on all addresses of every node, also of nodes that run none of its pods, and "
    "past whatever guards the Ingress.",
    Severity.MEDIUM,
)


def _judge(service: Service, view: View) -> Iterator[Finding]:
    """SVC-25. Its weight is who gets through: policies may shut what the node port opens."""
    if service.type != "NodePort":
        return
    ways = [e for e in view.exposed_by(service.ref) if e.way.startswith("NodePort")]
    ports = some(f.place for f in frontends(service) if f.kind == "NodePort")
    who, severity = openness(ways, ABOUT.severity) if ways else _to_no_pod(service, view)
    yield Finding(
        ABOUT.id,
        severity,
        service.ref,
        f"Opens {ports} on every node: {who}.",
        "Make it ClusterIP and reach it through an Ingress; or let a NetworkPolicy admit only the "
        "clients that are meant (it sees their addresses under externalTrafficPolicy Local).",
        field="spec.type",
        path=paths_of(ways, view),
        rules=("SVC-25", "SVC-27", "EXT-9"),
    )


def _to_no_pod(service: Service, view: View) -> tuple[str, Severity]:
    """Where no way ends at a pod that policies can guard."""
    if service.other_proxy:  # SVC-10
        return "another proxy serves it, so who gets through is UNKNOWN", ABOUT.severity
    if any(view.alive(service, port) for port in service.ports):  # SVC-8, SVC-21
        return "what stands behind it is no pod that a NetworkPolicy guards", ABOUT.severity
    return "nothing usable stands behind it now", Severity.LOW


CHECK = FactCheck(ABOUT, Service, _judge)
