"""What Services and Ingresses share: load balancers, their schemes, and who may use them."""

from collections.abc import Iterable, Mapping
from typing import Literal

from reachaudit.model.facts import Balancer, Protocol
from reachaudit.model.ip import Block, parse_address, parse_block
from reachaudit.model.objects.wire import Invalid, Wire, protocol_of

# EXT-15: what the clouds' annotations say of a load balancer's scheme.
_SCHEMES: dict[str, dict[str, Literal["internal", "internet"]]] = {
    "networking.gke.io/load-balancer-type": {"internal": "internal", "external": "internet"},
    "cloud.google.com/load-balancer-type": {"internal": "internal", "external": "internet"},
    "service.beta.kubernetes.io/aws-load-balancer-scheme": {
        "internal": "internal",
        "internet-facing": "internet",
    },
    "service.beta.kubernetes.io/azure-load-balancer-internal": {"true": "internal"},
    "alb.ingress.kubernetes.io/scheme": {"internal": "internal", "internet-facing": "internet"},
}


_AWS_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"


class PortStatus(Wire):
    """What became of a Service port at the load balancer."""

    port: int = 0
    protocol: str | None = None
    error: str | None = None


class WireBalancer(Wire):
    """An entry of `status.loadBalancer.ingress`."""

    ip: str | None = None
    hostname: str | None = None
    ip_mode: str | None = None
    ports: list[PortStatus] | None = None


class BalancerStatus(Wire):
    """`status.loadBalancer`."""

    ingress: list[WireBalancer] | None = None


class WithBalancer(Wire):
    """A `status` that has a load balancer in it."""

    load_balancer: BalancerStatus | None = None


def blocks_of(path: str, texts: Iterable[str], problems: list[str]) -> tuple[Block, ...]:
    """CIDRs; each that cannot be read is a problem, and permits nothing."""
    found = []
    for text in texts:
        block = parse_block(text.strip())
        if block is None:
            problems.append(f"{path}: {text!r} is not a CIDR")
        else:
            found.append(block)
    return tuple(found)


def balancers_of(status: WithBalancer | None, problems: list[str]) -> tuple[Balancer, ...]:
    """Where a load balancer listens (SVC-31); hostname-only entries are as Proxy (SVC-32)."""
    entries = (status.load_balancer.ingress or ()) if status and status.load_balancer else ()
    found = []
    for entry in entries:
        address = parse_address(entry.ip) if entry.ip else None
        if entry.ip and address is None:
            problems.append(f"status.loadBalancer.ingress: {entry.ip!r} is not an IP address")
        elif address is not None or entry.hostname:
            vip = address is not None and entry.ip_mode in (None, "VIP")
            failed = _failed(entry, problems)
            found.append(Balancer(address, entry.hostname or "", vip, failed))
    return tuple(found)


def _failed(entry: WireBalancer, problems: list[str]) -> tuple[tuple[Protocol, int], ...]:
    """The Service ports that it could not open (SVC-31)."""
    found = []
    for port in entry.ports or ():
        try:
            found += [(protocol_of(port.protocol), port.port)] if port.error else []
        except Invalid as error:
            problems.append(f"status.loadBalancer.ingress: {error}")
    return tuple(found)


def scheme_of(annotations: Mapping[str, str]) -> Literal["", "internal", "internet"]:
    """What annotations say of a load balancer: internal, internet, or nothing (EXT-15)."""
    for key, meanings in _SCHEMES.items():
        meaning = meanings.get(annotations.get(key, "").lower())
        if meaning is not None:
            return meaning
    # Of old any value but "false" means internal, such as 0.0.0.0/0.
    return "internal" if annotations.get(_AWS_INTERNAL, "false") not in ("false", "") else ""
