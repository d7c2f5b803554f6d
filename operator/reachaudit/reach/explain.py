"""Why a hop is open or shut: the policies, rules and fields that say so. Worked out on demand."""

from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.model.facts import Direction
from reachaudit.model.names import Ref
from reachaudit.reach.judge import Judge
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span, by_protocol
from reachaudit.reach.profiles import Profile
from reachaudit.reach.rules import Compiler
from reachaudit.reach.verdict import Judgement, Value


class Clause(NamedTuple):
    """A field of a policy that decides a hop: `spec.ingress[0].from[1]` of `NetworkPolicy x/p`."""

    policy: Ref
    field: str


class Shut(NamedTuple):
    """A direction in which a hop is shut, and the policies that isolate its end there."""

    direction: Direction
    policies: tuple[Ref, ...]

    def __str__(self) -> str:
        """`ingress isolated by NetworkPolicy data/deny, and no rule allows it`."""
        names = ", ".join(map(str, self.policies))
        return f"{self.direction} isolated by {names}, and no rule allows it"


def shut_by(judge: Judge, way: Judgement) -> tuple[Shut, ...]:
    """What shuts a hop: the isolating policies of each direction that denies."""
    found = []
    for direction, value, party in _sides(way):
        if value is Value.DENY:
            profile = _profile(judge, direction, party)
            policies = tuple(p.policy.ref for p in profile.policies) if profile else ()
            found.append(Shut(direction, policies))
    return tuple(found)


def opened_by(judge: Judge, way: Judgement) -> Iterator[Clause]:
    """The peer items, or whole rules, that allow a hop; none where nothing isolates (NP-6)."""
    if way.port is None:
        return
    for direction, value, party in _sides(way):
        profile = _profile(judge, direction, party)
        if value is Value.ALLOW and profile is not None:
            peer = way.seen if direction == "ingress" else way.target
            yield from _clauses(judge, profile, direction, party, peer, way.port)


def isolated(judge: Judge, way: Judgement) -> bool:
    """Whether any policy isolates either end for this hop."""
    profiles = (_profile(judge, direction, party) for direction, _, party in _sides(way))
    return any(profile.isolated for profile in profiles if profile is not None)


def _sides(way: Judgement) -> tuple[tuple[Direction, Value, Party], ...]:
    return ("egress", way.egress, way.source), ("ingress", way.ingress, way.target)


def _profile(judge: Judge, direction: Direction, party: Party) -> Profile | None:
    if party.number is None:
        return None
    return (judge.ingress if direction == "ingress" else judge.egress).of(party.number)


def _clauses(
    judge: Judge, profile: Profile, direction: Direction, subject: Party, peer: Party, port: int
) -> Iterator[Clause]:
    compiler = Compiler(judge.identity)
    assert subject.number is not None
    for compiled in profile.policies:
        rules = compiled.policy.rules(direction)
        for opening in compiler.openings(compiled, direction, subject.number):
            if opening.span.first <= port <= opening.span.last:
                peers = rules[opening.rule].peers
                field = f"spec.{direction}[{opening.rule}]"
                if peers is None:
                    yield Clause(compiled.policy.ref, field)
                for i, item in enumerate(peers or ()):
                    planes = compiler.peer(compiled.policy, item)
                    if planes.value(peer.number, judge.identity.signature(peer)) is Value.ALLOW:
                        side = "from" if direction == "ingress" else "to"
                        yield Clause(compiled.policy.ref, f"{field}.{side}[{i}]")


def target_text(way: Judgement) -> str:
    """`shop/web-1 (10.244.1.4) 8080/TCP`."""
    return f"{way.target} {port_text(way)}".rstrip()


def port_text(way: Judgement) -> str:
    """`8080/TCP`; nothing for protocols without ports."""
    if way.port is None:
        return ""
    ((protocol, number, _),) = by_protocol(Span(way.port, way.port))
    return f"{number}/{protocol}"
