"""RA035: an Ingress that names a Service or a port that is not there."""

from collections.abc import Iterator

from reachaudit.checks.check import About, UnitCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Ingress
from reachaudit.reach.ingresses import Route

ABOUT = About(
    "RA035",
    "V-35",
    "IngressBackendMissing",
    "Ingress backend Service or port missing",
    "Requests end in an error; and who may create the missing Service takes them over.",
    Severity.MEDIUM,
)


def _judge(ingress: Ingress, view: View) -> Iterator[Finding]:
    """ING-11: by the Service's own port, number or name; the API checks neither."""
    broken: dict[str, list[Route]] = {}
    for route in view.reach.ingresses.routes_of(ingress):
        if route.broken and route.backend.service:
            target = f"{route.backend.service}:{route.backend.port}"
            broken.setdefault(target, []).append(route)
    for target, routes in broken.items():
        labels = some(route.label for route in routes)
        yield Finding(
            ABOUT.id,
            ABOUT.severity,
            ingress.ref,
            f"Requests for {labels} fail: {routes[0].broken}.",
            "Name a Service of this namespace and one of its ports (not its targetPort).",
            field=routes[0].field,
            target=target,
            rules=("ING-6", "ING-11"),
        )


CHECK = UnitCheck(ABOUT, lambda view: view.of(Ingress), _judge)
