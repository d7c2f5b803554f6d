"""RA022: a Service port with no usable endpoint."""

from collections.abc import Iterator

from reachaudit.checks.check import About, UnitCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Service, ServicePort
from reachaudit.reach.services import usable

ABOUT = About(
    "RA022",
    "V-22",
    "ServiceWithoutEndpoints",
    "Service without usable endpoints",
    "Connections to it are refused: nothing ready stands behind it.",
    Severity.MEDIUM,
)


def _units(view: View) -> list[Service]:
    """Services that forward at all: not ExternalName, not another proxy's (SVC-10, SVC-17)."""
    return [s for s in view.of(Service) if s.type != "ExternalName" and not s.other_proxy]


def _judge(service: Service, view: View) -> Iterator[Finding]:
    """SVC-13, SVC-14: neither ready endpoints nor terminating ones that still serve."""
    services = view.reach.services
    dead = [
        port
        for port in service.ports
        if not any(usable(services.backends(service, port, f)) for f in service.families)
    ]
    if not dead:
        return
    ports = some(f"{port.port}/{port.protocol}" for port in dead)
    which = "No usable endpoint" if len(dead) == len(service.ports) else f"On {ports} no endpoint"
    yield Finding(
        ABOUT.id,
        ABOUT.severity,
        service.ref,
        f"{which}: connections are refused. {_reason(service, dead[0], view)}",
        "Correct the selector or targetPort, or see why its pods are not ready.",
        field="spec.selector" if service.selector else "",
        rules=("SVC-7", "SVC-13", "SVC-14"),
    )


def _reason(service: Service, port: ServicePort, view: View) -> str:
    if not service.selector:
        return "It has no selector, and no EndpointSlice gives it addresses."
    wanted = dict(service.selector).items()
    pods = [pod for pod in view.pods_in(service.namespace) if wanted <= dict(pod.labels).items()]
    selector = ", ".join(f"{key}={value}" for key, value in service.selector)
    if not pods:
        return f"Its selector {selector} matches no pod."
    if isinstance(port.target, str) and not any(
        p.name == port.target and p.protocol == port.protocol for pod in pods for p in pod.ports
    ):
        return f"No pod of {selector} has a port named {port.target} on {port.protocol}."  # SVC-4
    return f"No pod of {selector} is ready."


CHECK = UnitCheck(ABOUT, _units, _judge)
