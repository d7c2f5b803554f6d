"""RA022: a Service port with no usable endpoint."""

from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.checks.check import About, FactCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Pod, Service, ServicePort
from reachaudit.reach.ports import named

ABOUT = About(
    "RA022",
    "V-22",
    "ServiceWithoutEndpoints",
    "Service without usable endpoints",
    "Nothing usable stands behind it: connections are refused, a headless name leads nowhere.",
    Severity.MEDIUM,
)


def _judge(service: Service, view: View) -> Iterator[Finding]:
    """SVC-13, SVC-14: neither ready endpoints nor terminating ones that still serve."""
    forwards = service.type != "ExternalName" and not service.other_proxy  # SVC-10, SVC-17
    if not forwards:
        return
    dead = [port for port in service.ports if not view.alive(service, port)]
    if not dead:
        return
    reason = _reason(service, dead[0], view)
    ports = some(f"{port.port}/{port.protocol}" for port in dead)
    where = "" if len(dead) == len(service.ports) else f" on {ports}"
    # A headless Service is a name alone (SVC-16).
    so = "its name leads nowhere" if service.headless else "connections are refused"
    yield Finding(
        ABOUT.id,
        ABOUT.severity,
        service.ref,
        f"No usable endpoint{where}, so {so}: {reason.message}.",
        reason.fix,
        field=reason.field,
        rules=("SVC-4", "SVC-7", "SVC-13", "SVC-14"),
    )


class _Reason(NamedTuple):
    message: str
    fix: str
    field: str = "spec.selector"


def _reason(service: Service, port: ServicePort, view: View) -> _Reason:
    """What is missing first, on the way from the Service to a ready pod."""
    if not service.selector:
        return _Reason(
            "it has no selector, and no EndpointSlice gives this port a ready address",
            "Add a selector, or an EndpointSlice labelled kubernetes.io/service-name: "
            f"{service.name} with a port of the same name and protocol.",
        )
    selector = ",".join(f"{key}={value}" for key, value in service.selector)
    pods = _selected(service, view)
    if not pods:
        return _Reason(
            f"its selector {selector} matches no pod that runs or starts",
            "Correct spec.selector, start its pods, or delete the Service if they are gone for "
            "good.",
        )
    listening = [pod for pod in pods if _has_target(pod, port)]
    if not listening:  # SVC-4
        return _Reason(
            f"no pod of {selector} has a {port.protocol} port named {port.target}",
            "Correct targetPort, or give the container's port that name.",
            "spec.ports",
        )
    if not any(pod.ready for pod in listening):
        return _Reason(
            f"no pod of {selector} is ready",
            f"See why: kubectl -n {service.namespace} describe pods -l {selector}.",
        )
    return _Reason(
        f"ready pods of {selector} are there, but in no EndpointSlice of its address families",
        "Compare spec.ipFamilies with the pods' addresses; else see whether the cluster's "
        "EndpointSlice controller works.",
        "spec.ipFamilies",
    )


def _has_target(pod: Pod, port: ServicePort) -> bool:
    """A number needs no declaration (M-5)."""
    return isinstance(port.target, int) or bool(named(pod.ports, port.target, port.protocol))


def _selected(service: Service, view: View) -> list[Pod]:
    """Pods that it selects and that have not ended."""
    wanted = dict(service.selector).items()
    return [
        pod
        for pod in view.pods_in(service.namespace)
        if pod.phase not in ("Succeeded", "Failed") and wanted <= dict(pod.labels).items()
    ]


CHECK = FactCheck(ABOUT, Service, _judge)
