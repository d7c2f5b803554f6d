"""RA035: an Ingress that names a Service or a port that is not there."""

from collections.abc import Iterator

from reachaudit.checks.check import About, FactCheck
from reachaudit.checks.view import View
from reachaudit.checks.words import some
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Ingress
from reachaudit.reach.ingresses import BY_ANNOTATION, Route

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
    missing: dict[str, list[Route]] = {}
    for route in view.reach.ingresses.routes_of(ingress):
        if _missing(route):
            target = f"{route.backend.service}:{route.backend.port}"
            missing.setdefault(target, []).append(route)
    for target, routes in missing.items():
        route, labels = routes[0], some(route.label for route in routes)
        if route.service is None:
            fix = f"Create the Service before somebody else does, or name another in {route.field}."
        else:
            fix = f"Name a port of the Service in {route.field}, never its targetPort or nodePort."
        yield Finding(
            ABOUT.id,
            ABOUT.severity,
            ingress.ref,
            f"Requests for {labels} fail: {route.broken}.",
            fix,
            field=route.field,
            target=target,
            rules=("ING-6", "ING-11"),
        )


def _missing(route: Route) -> bool:
    """Not resources (ING-12), nor ports of an ExternalName, which needs none (ING-13); nor what an
    annotation describes (ING-23).
    """
    name = route.service is not None and route.service.type == "ExternalName"
    by_service = bool(route.backend.service) and route.backend.port != BY_ANNOTATION
    return bool(route.broken) and by_service and not name


CHECK = FactCheck(ABOUT, Ingress, _judge)
