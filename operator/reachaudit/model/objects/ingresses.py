"""Ingress and IngressClass."""

import re
from collections.abc import Iterator
from sys import intern

import msgspec

from reachaudit.model.facts import Ingress, IngressBackend, IngressClass, IngressPath, IngressRule
from reachaudit.model.ip import parse_address
from reachaudit.model.objects.balancers import WithBalancer, balancers_of, scheme_of
from reachaudit.model.objects.ingress_annotations import (
    allow_list,
    allowed,
    pod_mode,
    service_upstream,
    unread,
)
from reachaudit.model.objects.wire import Invalid, Object, Reading, Wire

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z)(\*\.)?{_LABEL}(\.{_LABEL})*")
_ODD_PATH = re.compile(r"//|/\./|/\.\./|%2f|/\.\.?\Z", re.IGNORECASE)


class BackendPort(Wire):
    """A Service port by number or name."""

    number: int | None = None
    name: str | None = None


class BackendService(Wire):
    """`backend.service`."""

    name: str = ""
    port: BackendPort | None = None


class ResourceReference(Wire):
    """`backend.resource`."""

    name: str = ""


class WireBackend(Wire):
    """A backend: a Service or a resource."""

    service: BackendService | None = None
    resource: ResourceReference | None = None


class WirePath(Wire):
    """An entry of `http.paths`."""

    backend: WireBackend = msgspec.field(default_factory=WireBackend)
    path: str | None = None
    path_type: str | None = None


class WireHTTP(Wire):
    """`http` of a rule."""

    paths: list[WirePath] | None = None


class WireIngressRule(Wire):
    """An entry of `spec.rules`."""

    host: str | None = None
    http: WireHTTP | None = None


class WireTLS(Wire):
    """An entry of `spec.tls`; the Secret's name is not read."""

    hosts: list[str] | None = None


class IngressSpec(Wire):
    """An Ingress's `spec`."""

    ingress_class_name: str | None = None
    default_backend: WireBackend | None = None
    rules: list[WireIngressRule] | None = None
    tls: list[WireTLS] | None = None


class WireIngress(Object):
    """An Ingress on the wire."""

    spec: IngressSpec | None = None
    status: WithBalancer | None = None


def read_ingress(ingress: WireIngress) -> Reading:
    """An Ingress's fact. Annotations that may change access are named, not guessed at (ING-23)."""
    meta, spec, problems = ingress.metadata, ingress.spec or IngressSpec(), list[str]()
    annotations = meta.annotations or {}
    fact = Ingress(
        intern(meta.namespace or "default"),
        meta.name,
        class_name=spec.ingress_class_name or annotations.get(CLASS_ANNOTATION, ""),
        class_annotated=not spec.ingress_class_name,
        rules=tuple(_rules(spec, problems)),
        default=_default(spec, problems),
        tls=bool(spec.tls),
        tls_hosts=tuple(host for tls in spec.tls or () for host in tls.hosts or ()),
        balancers=balancers_of(ingress.status, problems),
        source_ranges=allowed(annotations, problems),
        allow_list=allow_list(annotations),
        unread_annotations=unread(annotations),
        created=meta.creation_timestamp or "",
        scheme=scheme_of(annotations),
        service_upstream=service_upstream(annotations),
        pod_mode=pod_mode(annotations),
    )
    return Reading(fact, tuple(problems))


def _default(spec: IngressSpec, problems: list[str]) -> IngressBackend | None:
    if spec.default_backend is None:
        if not spec.rules:
            problems.append("spec: neither defaultBackend nor rules are there (ING-10)")
        return None
    try:
        return _backend(spec.default_backend)
    except Invalid as error:
        problems.append(f"spec.defaultBackend: {error}")
        return None


def _rules(spec: IngressSpec, problems: list[str]) -> Iterator[IngressRule]:
    """Rules, without what the API refuses."""
    for i, rule in enumerate(spec.rules or ()):
        here, host = f"spec.rules[{i}]", rule.host or ""
        if not _is_host(host):
            problems.append(f"{here}.host: {host!r} is neither a DNS name nor *. and one (ING-7)")
            continue
        paths = []
        for k, path in enumerate((rule.http.paths or ()) if rule.http else ()):
            try:
                paths.append(_path(path, k))
            except Invalid as error:
                problems.append(f"{here}.http.paths[{k}]: {error}")
        if rule.http is not None and not rule.http.paths:
            problems.append(f"{here}.http.paths: there is none")
        if paths or rule.http is None:
            yield IngressRule(host, tuple(paths), i)


def _is_host(host: str) -> bool:
    """Empty, a name, or a name after `*.`; never an address (ING-7)."""
    return not host or (bool(_HOST.fullmatch(host)) and parse_address(host) is None)


def _path(path: WirePath, index: int) -> IngressPath:
    text, kind = path.path or "", path.path_type or ""
    if kind not in ("Exact", "Prefix", "ImplementationSpecific"):
        raise Invalid(f"pathType {kind!r} is not Exact, Prefix or ImplementationSpecific (ING-8)")
    absolute = text.startswith("/") or (not text and kind == "ImplementationSpecific")
    if not absolute or (kind != "ImplementationSpecific" and _ODD_PATH.search(text)):
        raise Invalid(f"{text!r} is not a plain absolute path (ING-8)")
    return IngressPath(text or "/", kind, _backend(path.backend), index)


def _backend(backend: WireBackend) -> IngressBackend:
    """A Service port by number or name; `service` is "" for a resource (ING-12)."""
    service = backend.service
    if (service is None) == (backend.resource is None):
        raise Invalid("a backend is a service or a resource (ING-12)")
    if service is None:
        return IngressBackend("", 0)
    port = service.port or BackendPort()
    if not service.name or bool(port.name) == bool(port.number):
        raise Invalid("a backend names a Service, and its port by name or number (ING-11)")
    return IngressBackend(intern(service.name), port.name or port.number or 0)


class ClassSpec(Wire):
    """An IngressClass's `spec`."""

    controller: str | None = None


class WireIngressClass(Object):
    """An IngressClass on the wire."""

    spec: ClassSpec | None = None


def read_ingress_class(ingress_class: WireIngressClass) -> Reading:
    """An IngressClass's fact (ING-2, ING-4)."""
    meta, spec = ingress_class.metadata, ingress_class.spec or ClassSpec()
    default = (meta.annotations or {}).get(DEFAULT_CLASS_ANNOTATION) == "true"
    return Reading(
        IngressClass("", meta.name, spec.controller or "", default, meta.creation_timestamp or "")
    )
