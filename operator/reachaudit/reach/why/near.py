"""Near misses: rules that allow the peer but not the port, or the port but not the peer."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reachaudit.model.facts import (
    Labels,
    Namespace,
    NetworkPolicy,
    Peer,
    PolicyRule,
    Requirement,
    Selector,
)
from reachaudit.model.names import Ref
from reachaudit.model.objects.workloads import default_namespace_labels
from reachaudit.reach.explain import Clause, Side, openings
from reachaudit.reach.labels import matches
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span, ports_text
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rules import Compiler
from reachaudit.reach.verdict import Value


class Near(NamedTuple):
    """A rule that does not allow a hop, and the one thing that it lacks."""

    policy: Ref
    field: str
    why: str


def near_misses(reach: Reachability, side: Side, spans: Iterable[Span]) -> Iterator[Near]:
    """Rules that fail by the peer alone, or by the port alone; those are what is looked for.

    `spans`: the ports that are asked for.
    """
    spans = tuple(spans)
    on_port = {
        whole
        for opening, whole in openings(reach.judge, side)
        if any(s.first <= opening.span.last and opening.span.first <= s.last for s in spans)
    }
    for compiled in side.profile.policies if side.profile and spans else ():
        for i, rule in enumerate(compiled.policy.rules(side.direction)):
            whole = Clause(compiled.policy.ref, side.direction, i)
            peers = rule.peers or ()
            fitting = not peers or any(_fits(reach, side, compiled.policy, p) for p in peers)
            if fitting and whole not in on_port:
                yield Near(whole.policy, whole.field, f"allows it on {_ports(rule)} only")
            elif whole in on_port and not fitting:
                for k, peer in _comparable(peers, side.peer):
                    why = _misfit(reach, compiled.policy, peer, side.peer)
                    field = whole._replace(peer=k).field
                    yield Near(whole.policy, field, f"allows {_ports(rule)}, but {why}")


def _comparable(peers: Iterable[Peer], other: Party) -> Iterator[tuple[int, Peer]]:
    """Items that could mean the other by their kind: for who is outside, only blocks."""
    for k, peer in enumerate(peers):
        if peer.block is not None or other.node:
            yield k, peer


def _fits(reach: Reachability, side: Side, policy: NetworkPolicy, peer: Peer) -> bool:
    planes = Compiler(reach.identity).peer(policy, peer)
    return reach.judge.admitted(planes, side.peer) is Value.ALLOW


def _ports(rule: PolicyRule) -> str:
    """`80/TCP, web/TCP`, `all ports`."""
    if rule.ports is None:
        return "all ports"
    names = (port.name or ports_text(port.first, port.last) for port in rule.ports)
    both = zip(names, rule.ports, strict=True)
    return ", ".join(f"{name}/{port.protocol}" for name, port in both)


def _misfit(reach: Reachability, policy: NetworkPolicy, peer: Peer, other: Party) -> str:
    """Why a peer item does not mean a peer."""
    if peer.block is not None:
        if peer.block.holds(other.address):
            part = next((str(e) for e in peer.excepts if e.holds(other.address)), "")
            return f"except {part} leaves {other.address} out"
        return f"{peer.block} does not hold {other.address}"
    if other.pod is None:
        return "selectors mean pods only (NP-19)"
    if other.number is None:
        return "selectors do not mean pods on their node's network (NP-48)"
    return _unmatched(reach, policy, peer, other)


def _unmatched(reach: Reachability, policy: NetworkPolicy, peer: Peer, other: Party) -> str:
    assert other.pod is not None
    if peer.namespaces is None and other.pod.namespace != policy.namespace:
        return f"podSelector alone means pods of namespace {policy.namespace} (NP-15)"
    if peer.namespaces is not None:
        name = other.pod.namespace
        found = reach.facts.get(Namespace, Ref(Namespace.kind, "", name))
        labels = found.labels if found else default_namespace_labels(name)
        lacking = _lacking(peer.namespaces, labels, f"namespace {name}")
        if lacking:
            return f"namespaceSelector wants {lacking}"
    lacking = _lacking(peer.pods, other.pod.labels, "the pod") if peer.pods else ""
    return f"podSelector wants {lacking}" if lacking else "it means nobody"


def _lacking(selector: Selector, labels: Labels, whose: str) -> str:
    """What a selector wants and the labels do not give: `app=web, and the pod has app=shop`."""
    known = dict(labels)
    wanted = [(f"{key}={value}", key) for key, value in selector.labels if known.get(key) != value]
    unmet = (r for r in selector.expressions if not matches(Selector(expressions=(r,)), known))
    wanted += [(_requirement(need), need.key) for need in unmet]
    return "; ".join(f"{text}, and {whose} has {_held(key, known)}" for text, key in wanted)


def _requirement(need: Requirement) -> str:
    values = f" ({', '.join(need.values)})" if need.values else ""
    return f"{need.key} {need.operator}{values}"


def _held(key: str, known: dict[str, str]) -> str:
    return f"{key}={known[key]}" if key in known else f"no {key}"
