"""RA028: a Service with externalIPs."""

from collections.abc import Iterator

from reachaudit.checks.check import About, UnitCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Service

ABOUT = About(
    "RA028",
    "V-28",
    "ServiceUsesExternalIPs",
    "Service with externalIPs",
    "Every node captures packets to these addresses, whoever owns them: a Service can take over "
    "traffic to any address (CVE-2020-8554).",
    Severity.HIGH,
)


def _units(view: View) -> list[Service]:
    return [s for s in view.of(Service) if s.external_ips and s.type != "ExternalName"]


def _judge(service: Service, _: View) -> Iterator[Finding]:
    """SVC-37: pods and nodes are captured too, whether or not the address is a node's."""
    addresses = some(map(str, service.external_ips))
    ports = some(f"{port.port}/{port.protocol}" for port in service.ports)
    yield Finding(
        ABOUT.id,
        ABOUT.severity,
        service.ref,
        f"Every node captures packets to {addresses} on {ports}, also those of pods, whoever the "
        "addresses belong to.",
        "Use a LoadBalancer Service or an Ingress, remove spec.externalIPs, and turn on the "
        "DenyServiceExternalIPs admission plugin.",
        field="spec.externalIPs",
        rules=("SVC-37", "SVC-38"),
    )


CHECK = UnitCheck(ABOUT, _units, _judge)
