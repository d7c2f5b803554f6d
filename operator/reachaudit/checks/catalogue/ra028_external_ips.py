"""RA028: a Service with externalIPs, which every node then captures."""

from collections.abc import Iterator

from reachaudit.checks.check import About, FactCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Service
from reachaudit.reach.frontends import Frontend, frontends

ABOUT = About(
    "RA028",
    "V-28",
    "ServiceUsesExternalIPs",
    "Service with externalIPs",
    "Every node captures packets to these addresses, whoever owns them: a Service can take over "
    "traffic to any address (CVE-2020-8554).",
    Severity.HIGH,
)


def _captured(service: Service) -> Iterator[Frontend]:
    """Where it listens on such addresses: nowhere if it is headless or an ExternalName."""
    return (frontend for frontend in frontends(service) if frontend.kind == "ExternalIP")


def _judge(service: Service, view: View) -> Iterator[Finding]:
    """SVC-37: pods and nodes are captured too, whether or not the address is a node's."""
    programmed = view.reach.assumptions.external_ips_programmed  # SVC-38
    if not programmed or service.other_proxy or not any(_captured(service)):  # SVC-10
        return
    places = some(frontend.place for frontend in _captured(service))
    yield Finding(
        ABOUT.id,
        ABOUT.severity,
        service.ref,
        f"Takes over traffic to {places} on every node, also that of pods, whoever owns the "
        "address.",
        "Remove spec.externalIPs; use a LoadBalancer Service or an Ingress instead. The admission "
        "plugin DenyServiceExternalIPs keeps new ones out.",
        field="spec.externalIPs",
        rules=("SVC-37", "SVC-38"),
    )


CHECK = FactCheck(ABOUT, Service, _judge)
