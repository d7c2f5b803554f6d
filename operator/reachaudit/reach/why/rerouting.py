"""Ways to mend or close an Ingress's route, and to close a Service's doors: edits to be tried."""

from collections.abc import Iterator
from difflib import get_close_matches

import msgspec

from reachaudit.model.facts import Ingress, IngressBackend, IngressClass, Service
from reachaudit.model.ip import single
from reachaudit.model.names import Ref
from reachaudit.reach.addresses import cidrs, merge
from reachaudit.reach.controllers import CONTROLLERS
from reachaudit.reach.doors import WEB_PORTS
from reachaudit.reach.frontends import frontends
from reachaudit.reach.ingresses import Route
from reachaudit.reach.ports import position
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome
from reachaudit.reach.why.asked import Asked
from reachaudit.reach.why.edits import Edit, Part, created_object
from reachaudit.reach.why.manifests import Json
from reachaudit.reach.why.mending import changed, clients_of, node_port


def reroutings(reach: Reachability, asked: Asked) -> Iterator[Edit]:
    """Each alone may give a request a way to its backend."""
    nowhere = any(verdict.outcome is Outcome.NO_PATH for verdict in asked.verdicts(reach))
    for route in asked.routes(reach):
        yield from _backend(reach, route)
        yield from _class(reach, route.ingress)
        yield from _doors(reach, route) if nowhere else ()
        yield from _allow_list(reach, asked, route.ingress)


def closings(reach: Reachability, asked: Asked) -> Iterator[Edit]:
    """Each alone may close a way in: a route less, a Service that no longer listens outside."""
    for route in asked.routes(reach):
        yield _without(route)
    if asked.requests:
        return
    for service in asked.services(reach):
        for frontend in frontends(service):
            at = position(frontend.port.protocol, frontend.number)
            if at in asked.ports and frontend.kind == "ExternalIP":
                left = tuple(a for a in service.external_ips if a != frontend.address)
                new = msgspec.structs.replace(service, external_ips=left)
                part = Part("remove", "spec.externalIPs", str(frontend.address))
                yield changed(service, new, part)
            elif at in asked.ports and frontend.kind != "ClusterIP":
                yield _inner(service)


def _inner(service: Service) -> Edit:
    """A Service that is open in the cluster alone (SVC-1)."""
    ports = tuple(msgspec.structs.replace(port, node_port=0) for port in service.ports)
    new = msgspec.structs.replace(service, type="ClusterIP", ports=ports, balancers=())
    return changed(service, new, Part("set", "spec.type", "ClusterIP"))


def _without(route: Route) -> Edit:
    """An Ingress without one path, or without its default backend."""
    ingress = route.ingress
    if route.field == "spec.defaultBackend":
        return _edit(ingress, msgspec.structs.replace(ingress, default=None), _gone(route))
    rules = tuple(
        msgspec.structs.replace(
            rule,
            paths=tuple(
                path
                for k, path in enumerate(rule.paths)
                if f"spec.rules[{i}].http.paths[{k}].backend" != route.field
            ),
        )
        for i, rule in enumerate(ingress.rules)
    )
    return _edit(ingress, msgspec.structs.replace(ingress, rules=rules), _gone(route))


def _gone(route: Route) -> Part:
    return Part("remove", route.field.removesuffix(".backend"))


def _backend(reach: Reachability, route: Route) -> Iterator[Edit]:
    """ING-11: a Service and a port that exist."""
    if route.service is not None and route.port is None:
        for port in route.service.ports:
            yield _aimed(route, IngressBackend(route.backend.service, port.port))
    elif route.service is None and route.backend.service:
        here = [s for s in reach.services.all if s.namespace == route.ingress.namespace]
        close = get_close_matches(route.backend.service, [s.name for s in here], n=2, cutoff=0)
        for name in close:
            yield _aimed(route, IngressBackend(name, route.backend.port))


def _aimed(route: Route, backend: IngressBackend) -> Edit:
    """An Ingress with another backend for a route."""
    ingress = route.ingress
    if route.field == "spec.defaultBackend":
        new = msgspec.structs.replace(ingress, default=backend)
    else:
        rules = tuple(
            msgspec.structs.replace(
                rule,
                paths=tuple(
                    msgspec.structs.replace(path, backend=backend)
                    if f"spec.rules[{i}].http.paths[{k}].backend" == route.field
                    else path
                    for k, path in enumerate(rule.paths)
                ),
            )
            for i, rule in enumerate(ingress.rules)
        )
        new = msgspec.structs.replace(ingress, rules=rules)
    port: Json = {"name" if isinstance(backend.port, str) else "number": backend.port}
    value: Json = {"name": backend.service, "port": port}
    return _edit(ingress, new, Part("set", f"{route.field}.service", value))


def _class(reach: Reachability, ingress: Ingress) -> Iterator[Edit]:
    """ING-2: a class that exists, or its object."""
    name = ingress.class_name
    if name and reach.facts.get(IngressClass, Ref(IngressClass.kind, "", name)) is not None:
        return
    for known in reach.facts.of(IngressClass):
        new = msgspec.structs.replace(ingress, class_name=known.name, class_annotated=False)
        yield _edit(ingress, new, Part("set", "spec.ingressClassName", known.name))
    for controller in CONTROLLERS if name else ():
        made = IngressClass("", name, controller)
        spec: Json = {"controller": controller}
        yield created_object(made, "networking.k8s.io/v1", {"spec": spec})


def _allow_list(reach: Reachability, asked: Asked, ingress: Ingress) -> Iterator[Edit]:
    """ING-23: the clients listed; and the nodes, whose addresses may be all that is seen."""
    clients = clients_of(reach, asked)
    nodes = [single(a) for node in reach.identity.nodes.values() for a in node.addresses]
    seen = [cidr for block in merge((*clients, *nodes)) for cidr in cidrs(block)]
    for more in (clients, seen) if ingress.source_ranges is not None and clients else ():
        ranges = (*(ingress.source_ranges or ()), *more)
        new = msgspec.structs.replace(ingress, source_ranges=ranges)
        field = f"metadata.annotations[{ingress.allow_list}]"
        yield _edit(ingress, new, *(Part("add", field, str(block)) for block in more))


def _doors(reach: Reachability, route: Route) -> Iterator[Edit]:
    """ING-15, ING-20: a node port in front of the controller's pods, or of the backend."""
    serving = reach.ingresses.serving(route.ingress)
    if serving.cloud and route.service is not None and route.port is not None:
        yield node_port(reach, route.service, route.port)
    pods = {pod.ref for pod in serving.pods}
    for service in reach.services.all if pods else ():
        for port in service.ports:
            backends = (
                b for f in service.families for b in reach.services.backends(service, port, f)
            )
            if port.port in WEB_PORTS and any(
                b.party.pod and b.party.pod.ref in pods for b in backends
            ):
                yield node_port(reach, service, port)


def _edit(old: Ingress, new: Ingress, *parts: Part) -> Edit:
    return Edit(old.ref, old, new, parts)
