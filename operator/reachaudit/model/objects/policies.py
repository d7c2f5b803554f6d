"""NetworkPolicy, and the policies of others that are known to exist but not read."""

from collections.abc import Callable
from sys import intern
from typing import TypeVar

from reachaudit.model.facts import (
    NetworkPolicy,
    OpaquePolicy,
    Peer,
    PolicyPort,
    PolicyRule,
    Requirement,
    Selector,
)
from reachaudit.model.ip import Block, parse_block, parse_length
from reachaudit.model.objects.wire import (
    Invalid,
    LabelSelector,
    Object,
    Reading,
    Wire,
    port_name_of,
    protocol_of,
    selector_of,
)

T = TypeVar("T")
U = TypeVar("U")

NOBODY = Selector(expressions=(Requirement("", "In", ()),))
NO_PEER = Peer()
NO_PORT = PolicyPort("TCP", 1, 0)


class WireBlock(Wire, rename={"excepts": "except"}):
    """`ipBlock`."""

    cidr: str = ""
    excepts: list[str] | None = None


class WirePeer(Wire):
    """A `from`/`to` item."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: WireBlock | None = None


class WirePolicyPort(Wire):
    """A `ports` item."""

    protocol: str | None = None
    port: int | str | None = None
    end_port: int | None = None


class WireRule(Wire, rename={"sources": "from", "destinations": "to"}):
    """A rule of either direction."""

    ports: list[WirePolicyPort] | None = None
    sources: list[WirePeer] | None = None
    destinations: list[WirePeer] | None = None


class PolicySpec(Wire):
    """A NetworkPolicy's `spec`."""

    pod_selector: LabelSelector | None = None
    policy_types: list[str] | None = None
    ingress: list[WireRule] | None = None
    egress: list[WireRule] | None = None


class WireNetworkPolicy(Object):
    """A NetworkPolicy on the wire."""

    spec: PolicySpec | None = None


def read_network_policy(policy: WireNetworkPolicy) -> Reading:
    """A policy's fact; an invalid part matches nothing and is a problem (NP-58)."""
    spec, problems = policy.spec or PolicySpec(), _Problems()
    types = spec.policy_types or ["Ingress", *(["Egress"] if spec.egress else [])]  # NP-3
    for name in types:
        if name not in ("Ingress", "Egress"):
            problems.add("spec.policyTypes", f"{name!r} is neither Ingress nor Egress")
    meta = policy.metadata
    fact = NetworkPolicy(
        intern(meta.namespace or "default"),
        meta.name,
        subject=problems.part(
            "spec.podSelector", selector_of, spec.pod_selector or LabelSelector(), NOBODY
        ),
        ingress=_rules("spec.ingress", spec.ingress, lambda r: r.sources, "from", problems),
        egress=_rules("spec.egress", spec.egress, lambda r: r.destinations, "to", problems),
        isolates_ingress="Ingress" in types,
        isolates_egress="Egress" in types,
    )
    return Reading(fact, tuple(problems.found))


class _Problems:
    """Problems met so far; `part` reads one part and answers a stand-in where it is invalid."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, path: str, message: str) -> None:
        self.found.append(f"{path}: {message}")

    def part(self, path: str, read: Callable[[T], U], value: T, stand_in: U) -> U:
        try:
            return read(value)
        except Invalid as error:
            self.add(path, str(error))
            return stand_in


def _rules(
    path: str,
    rules: list[WireRule] | None,
    peers: Callable[[WireRule], list[WirePeer] | None],
    field: str,
    problems: _Problems,
) -> tuple[PolicyRule, ...]:
    """Rules with nil *or empty* peers and ports as "all" (NP-13, NP-34)."""
    found = []
    for i, rule in enumerate(rules or ()):
        here = f"{path}[{i}]"
        found.append(
            PolicyRule(
                tuple(
                    problems.part(f"{here}.{field}[{k}]", _peer, peer, NO_PEER)
                    for k, peer in enumerate(peers(rule) or ())
                )
                or None,
                tuple(
                    problems.part(f"{here}.ports[{k}]", _port, port, NO_PORT)
                    for k, port in enumerate(rule.ports or ())
                )
                or None,
            )
        )
    return tuple(found)


def _peer(peer: WirePeer) -> Peer:
    pods, namespaces = peer.pod_selector, peer.namespace_selector
    if peer.ip_block is not None:
        if pods is not None or namespaces is not None:
            raise Invalid("ipBlock excludes podSelector and namespaceSelector (NP-26)")
        return _block_peer(peer.ip_block)
    if pods is None and namespaces is None:
        raise Invalid("an empty peer is not allowed and matches nothing (NP-25)")
    return Peer(
        selector_of(pods) if pods is not None else None,
        selector_of(namespaces) if namespaces is not None else None,
    )


def _block_peer(block: WireBlock) -> Peer:
    """An ipBlock; as in the API, it is the *written* lengths that are compared (NP-29, NP-33)."""
    whole = _block(block.cidr)
    excepts = []
    for text in block.excepts or ():
        part = _block(text)
        inside = part.family == whole.family and whole.first <= part.first <= whole.last
        if not inside or _written_length(text) <= _written_length(block.cidr):
            raise Invalid(f"except {text} is not a strict part of {block.cidr} (NP-29)")
        excepts.append(part)
    return Peer(block=whole, excepts=tuple(excepts))


def _written_length(cidr: str) -> int:
    return parse_length(cidr.rpartition("/")[2]) or 0


def _block(text: str) -> Block:
    block = parse_block(text)
    if block is None:
        raise Invalid(f"{text!r} is not a CIDR")
    return block


def _port(port: WirePolicyPort) -> PolicyPort:
    """One entry: every port of a protocol, one number, a range, or a name (NP-36, NP-38, NP-39)."""
    protocol = protocol_of(port.protocol)
    if isinstance(port.port, str):
        if port.end_port is not None:
            raise Invalid("endPort needs a numeric port (NP-38)")
        return PolicyPort(protocol, 1, 65535, port_name_of(port.port))
    if port.port is None:
        if port.end_port is not None:
            raise Invalid("endPort needs a port (NP-38)")
        return PolicyPort(protocol, 1, 65535)
    last = port.port if port.end_port is None else port.end_port
    if not 1 <= port.port <= last <= 65535:
        raise Invalid(f"ports {port.port}-{last} are not a range within 1-65535")
    return PolicyPort(protocol, port.port, last)


def read_opaque_policy(kind_name: str, policy: Object) -> Reading:
    """A policy whose rules are not read: it exists, there or everywhere (UNK-2)."""
    meta = policy.metadata
    return Reading(OpaquePolicy(intern(meta.namespace), meta.name, kind_name=kind_name))
