"""Annotations of Ingresses: those that are read, and those that may do anything (ING-23)."""

from collections.abc import Mapping

from reachaudit.model.ip import Block
from reachaudit.model.objects.balancers import blocks_of

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


def pod_mode(annotations: Mapping[str, str]) -> bool:
    """Whether a cloud's load balancer dials pods instead of node ports (ING-20)."""
    return any(annotations.get(key) == value for key, value in _POD_MODE.items())


def service_upstream(annotations: Mapping[str, str]) -> bool:
    """Whether ingress-nginx dials the ClusterIP instead of endpoints (ING-17)."""
    return annotations.get(f"{_NGINX}service-upstream") == "true"


def allow_list(annotations: Mapping[str, str]) -> str:
    """The key of ingress-nginx's allow-list; "" where there is none."""
    return next((key for key in _ALLOW_LISTS if _listed(annotations, key)), "")


def allowed(annotations: Mapping[str, str], problems: list[str]) -> tuple[Block, ...] | None:
    """The clients that ingress-nginx's allow-list permits (ING-23): CIDRs and plain addresses."""
    key = allow_list(annotations)
    texts = (text if "/" in text else _whole(text) for text in _listed(annotations, key))
    return blocks_of(f"metadata.annotations[{key}]", texts, problems) if key else None


def _listed(annotations: Mapping[str, str], key: str) -> list[str]:
    """Each entry once: an annotation has room for a hundred thousand equal ones."""
    texts = (text.strip() for text in annotations.get(key, "").split(","))
    return [text for text in dict.fromkeys(texts) if text]


def _whole(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"


def unread(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """Annotations of a controller that may change routing or access."""
    return tuple(
        sorted(
            key
            for key in annotations
            if key.startswith(_CONTROLLER_PREFIXES)
            and key not in _ALLOW_LISTS
            and key.partition("/")[2] not in _HARMLESS
        )
    )
