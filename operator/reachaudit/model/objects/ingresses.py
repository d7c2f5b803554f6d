"""Ingress and IngressClass."""

from collections.abc import Mapping
from sys import intern

from reachaudit.model.facts import Ingress, IngressBackend, IngressClass, IngressPath, IngressRule
from reachaudit.model.ip import Block
from reachaudit.model.objects.balancers import WithBalancer, balancers_of, blocks_of, scheme_of
from reachaudit.model.objects.wire import Object, Reading, Wire

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
_NGINX = "nginx.ingress.kubernetes.io/"
_ALLOW_LISTS = (f"{_NGINX}whitelist-source-range", f"{_NGINX}allowlist-source-range")
# ING-20: annotations by which a cloud's load balancer dials pods instead of node ports.
_POD_MODE = {"alb.ingress.kubernetes.io/target-type": "ip"}
# ING-23: keys under a controller's prefix that can change neither routing nor access.
_HARMLESS = (
    "proxy-body-size",
    "proxy-buffer-size",
    "proxy-connect-timeout",
    "proxy-read-timeout",
    "proxy-send-timeout",
    "ssl-redirect",
    "force-ssl-redirect",
    "service-upstream",
)
_CONTROLLER_PREFIXES = (
    _NGINX,
    "nginx.org/",
    "traefik.ingress.kubernetes.io/",
    "haproxy.org/",
    "haproxy-ingress.github.io/",
    "konghq.com/",
    "projectcontour.io/",
)


class BackendPort(Wire):
    """A Service port by number or name."""

    number: int | None = None
    name: str | None = None


class BackendService(Wire):
    """`backend.service`."""

    name: str
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

    backend: WireBackend
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
        rules=tuple(map(_rule, spec.rules or ())),
        default=_backend(spec.default_backend) if spec.default_backend else None,
        tls=bool(spec.tls),
        tls_hosts=tuple(host for tls in spec.tls or () for host in tls.hosts or ()),
        balancers=balancers_of(ingress.status, problems),
        source_ranges=_allow_list(annotations, problems),
        unread_annotations=_unread(annotations),
        created=meta.creation_timestamp or "",
        scheme=scheme_of(annotations),
        service_upstream=annotations.get(f"{_NGINX}service-upstream") == "true",
        pod_mode=any(annotations.get(key) == value for key, value in _POD_MODE.items()),
    )
    return Reading(fact, tuple(problems))


def _rule(rule: WireIngressRule) -> IngressRule:
    paths = (rule.http.paths or ()) if rule.http else ()
    return IngressRule(
        rule.host or "",
        tuple(
            IngressPath(p.path or "/", p.path_type or "ImplementationSpecific", _backend(p.backend))
            for p in paths
        ),
    )


def _backend(backend: WireBackend) -> IngressBackend:
    service = backend.service
    if service is None:
        return IngressBackend("", 0)
    port = service.port or BackendPort()
    return IngressBackend(intern(service.name), port.name or port.number or 0)


def _allow_list(annotations: Mapping[str, str], problems: list[str]) -> tuple[Block, ...] | None:
    """The clients that ingress-nginx's allow-list permits (ING-23): CIDRs and plain addresses."""
    for key in _ALLOW_LISTS:
        listed = [text.strip() for text in annotations.get(key, "").split(",") if text.strip()]
        if listed:
            path = f"metadata.annotations[{key}]"
            return blocks_of(path, (t if "/" in t else _whole(t) for t in listed), problems)
    return None


def _whole(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"


def _unread(annotations: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        sorted(
            key
            for key in annotations
            if key.startswith(_CONTROLLER_PREFIXES)
            and key not in _ALLOW_LISTS
            and key.partition("/")[2] not in _HARMLESS
        )
    )


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
