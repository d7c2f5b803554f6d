"""The path of an answer for a person: each connection, who is seen, and what opens or shuts it."""

from collections.abc import Iterable, Iterator
from functools import partial

from reachaudit.checks.words import counted
from reachaudit.model.facts import SOME_NODE
from reachaudit.reach.explain import port_text
from reachaudit.reach.party import Party
from reachaudit.reach.verdict import Value
from reachaudit.reach.why.explanation import Answer, Explanation
from reachaudit.reach.why.hops import Hop

_WORDS = {Value.ALLOW: "open", Value.DENY: "SHUT", Value.UNKNOWN: "UNKNOWN"}
_WAYS, _NEAR = 4, 3


def path_lines(explanation: Explanation, answer: Answer) -> Iterator[str]:
    """Connection by connection; of each, the ways among which the network chooses."""
    legs = sorted({hop.way.leg for hop in answer.hops})
    for number, leg in enumerate(legs, 1):
        if len(legs) > 1:
            yield f"  Connection {number} of {len(legs)}:"
        ways = _alike(hop for hop in answer.hops if hop.way.leg == leg)
        for alike in ways[:_WAYS]:
            yield from _hop_lines(explanation, answer, alike[0])
            if len(alike) > 1:
                yield f"    ({counted(len(alike) - 1, 'more way')} like this)"
        if len(ways) > _WAYS:
            yield f"  … and {counted(len(ways) - _WAYS, 'way')} more"


def _alike(hops: Iterable[Hop]) -> list[list[Hop]]:
    """Ways that differ by the address of who is outside alone are told once; shut ones first."""
    found: dict[object, list[Hop]] = {}
    for hop in hops:
        way, because = hop.way, [told.because for told in hop.sides]
        seen = way.seen.node or way.seen == way.source
        source = way.source if way.source.node else None
        found.setdefault((source, seen, way.target, way.port, *because), []).append(hop)
    return sorted(found.values(), key=lambda alike: alike[0].way.value is Value.ALLOW)


def rules_text(rules: Iterable[str]) -> str:
    """` (NP-5, NP-7)`."""
    together = ", ".join(rules)
    return f" ({together})" if together else ""


def _hop_lines(explanation: Explanation, answer: Answer, hop: Hop) -> Iterator[str]:
    way, name = hop.way, partial(_party_text, explanation)
    several = len(answer.asked.spans) > 1 or any(s.first != s.last for s in answer.asked.spans)
    port = "" if several and way.port in answer.asked.ports else port_text(way.port)
    balanced = way.leg and not way.source.node  # SVC-32, ING-20
    source = f"the load balancer, as {way.source}" if balanced else name(way.source)
    yield f"  {source} → {name(way.target)} {port}".rstrip() + rules_text(hop.rules)
    if hop.on:
        yield f"    rewritten on {_node_text(hop.on)}"
    if way.dialled:
        node, number = way.dialled
        yield f"    the source's policies see {name(node)} {port_text(number)}"
    if way.seen != way.source:
        yield f"    the target's policies see {name(way.seen)}"
    for told in hop.sides:
        word = f"{told.side.direction} {_WORDS[told.side.value]}"
        yield f"    {word}: {told.because}{rules_text(told.rules)}"
        for near in told.near[:_NEAR]:
            yield f"      nearly: {near.policy} {near.field} {near.why}"


def _party_text(explanation: Explanation, party: Party) -> str:
    """A client outside goes by the name that was asked for: its address is only one of many."""
    address = str(party.address) if party.address.placed else ""
    if party.pod is not None:
        where = ", ".join(filter(None, (address, _node_text(party.node) if party.node else "")))
        name = f"{party.pod.namespace}/{party.pod.name}"
        return f"{name} ({where})" if where else name
    if party.node:
        return f"{_node_text(party.node)} ({address})" if address else _node_text(party.node)
    for group in (explanation.source, explanation.target.group):
        if group and any(block.holds(party.address) for block in group.blocks):
            return group.name if group.name == address else f"{group.name} ({address})"
    return address


def _node_text(node: str) -> str:
    return "some node" if node == SOME_NODE else f"node {node}"
