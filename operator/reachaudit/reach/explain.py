"""Why a hop is open or shut: the policies, rules and fields that say so. Worked out on demand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reachaudit.model.facts import Direction
from reachaudit.model.names import Ref
from reachaudit.reach.judge import Judge
from reachaudit.reach.party import Party
from reachaudit.reach.ports import protocol_and_number
from reachaudit.reach.profiles import Profile
from reachaudit.reach.rules import Compiler, Opening
from reachaudit.reach.verdict import Judgement, Reason, Value


class Clause(NamedTuple):
    """A part of a policy that decides a hop: a peer item of a rule, or the whole rule.

    `peer` is None where the rule names no peers, and so is open to all (NP-13).
    """

    policy: Ref
    direction: Direction
    rule: int
    peer: int | None = None

    @property
    def field(self) -> str:
        """`spec.ingress[0].from[1]`."""
        rule = f"spec.{self.direction}[{self.rule}]"
        return rule if self.peer is None else f"{rule}.{PEERS[self.direction]}[{self.peer}]"

    def __str__(self) -> str:
        """`NetworkPolicy data/db spec.ingress[0].from[1]`."""
        return f"{self.policy} {self.field}"


class Shut(NamedTuple):
    """A direction in which a hop is shut, and the policies that isolate its end there."""

    direction: Direction
    policies: tuple[Ref, ...]

    def __str__(self) -> str:
        """`ingress isolated by NetworkPolicy data/deny, and no rule allows it`."""
        return f"{self.direction} isolated by {listed(self.policies)}, and no rule allows it"


@dataclass(frozen=True, slots=True)
class Side:
    """One direction of a hop: whether the policies of `subject` allow it `peer` on `port`.

    The peer is who its policy sees, the port (on the line) the one that it compares. `value` is
    what the policies say, and `exempt` that they are not asked (NP-44, NP-45). `profile` is None
    where no policy can select the subject. `reason` says why it is UNKNOWN.
    """

    direction: Direction
    value: Value
    subject: Party
    peer: Party
    port: int | None
    profile: Profile | None
    exempt: bool = False
    reason: Reason | None = None

    @property
    def policies(self) -> tuple[Ref, ...]:
        """The policies that isolate the subject in this direction."""
        return tuple(p.policy.ref for p in self.profile.policies) if self.profile else ()


PEERS: dict[Direction, str] = {"ingress": "from", "egress": "to"}


def sides(judge: Judge, way: Judgement) -> tuple[Side, Side]:
    """The two directions of a hop: the source's egress and the target's ingress."""
    sent, port = way.dialled or (way.target, way.port)
    egress = _side(judge, way, "egress", way.source, sent, port)
    return egress, _side(judge, way, "ingress", way.target, way.seen, way.port)


def shut_by(judge: Judge, way: Judgement) -> tuple[Shut, ...]:
    """What shuts a hop: the isolating policies of each direction that denies."""
    denied = (side for side in sides(judge, way) if side.value is Value.DENY)
    return tuple(Shut(side.direction, side.policies) for side in denied)


def opened_by(judge: Judge, way: Judgement) -> Iterator[Clause]:
    """The peer items, or whole rules, that allow a hop; none where nothing isolates (NP-6)."""
    for side in sides(judge, way):
        if side.value is Value.ALLOW and not side.exempt:
            yield from clauses(judge, side, Value.ALLOW)


def isolated(judge: Judge, way: Judgement) -> bool:
    """Whether any policy isolates either end for this hop."""
    return any(side.policies for side in sides(judge, way))


def clauses(judge: Judge, side: Side, value: Value) -> list[Clause]:
    """The parts of policies that by themselves give this value, ALLOW or UNKNOWN, to a side."""
    found = dict[Clause, None]()
    for opening, whole in openings(judge, side):
        at = side.port is not None and opening.span.first <= side.port <= opening.span.last
        if at and judge.admitted(opening.planes, side.peer) >= value:
            found |= dict.fromkeys(_parts(judge, side, whole, value))
    return list(found)


def openings(judge: Judge, side: Side) -> Iterator[tuple[Opening, Clause]]:
    """What each rule of each isolating policy opens to the subject of a side, and to whom."""
    compiler = Compiler(judge.identity)
    for compiled in side.profile.policies if side.profile else ():
        assert side.subject.number is not None
        for opening in compiler.openings(compiled, side.direction, side.subject.number, {}):
            yield opening, Clause(compiled.policy.ref, side.direction, opening.rule)


def _parts(judge: Judge, side: Side, whole: Clause, value: Value) -> Iterator[Clause]:
    """The peer items of a rule that fit the peer; the whole rule where it names none."""
    compiler = Compiler(judge.identity)
    for compiled in side.profile.policies if side.profile else ():
        if compiled.policy.ref == whole.policy:
            items = compiled.policy.rules(side.direction)[whole.rule].peers
            if items is None:
                yield whole
            for i, item in enumerate(items or ()):
                planes = compiler.peer(compiled.policy, item)
                if judge.admitted(planes, side.peer) is value:
                    yield whole._replace(peer=i)


def _side(
    judge: Judge,
    way: Judgement,
    direction: Direction,
    subject: Party,
    peer: Party,
    port: int | None,
) -> Side:
    """A hairpin's sides are told as they are, though the hop is UNKNOWN where they differ."""
    judged = way.egress if direction == "egress" else way.ingress
    profile, exempt = judge.profile(direction, subject), direction in way.exempt
    if profile is None or port is None or exempt:
        free = exempt and profile is not None
        return Side(direction, judged, subject, peer, port, profile, exempt=free)
    said, reason = judge.side(direction, subject, peer, port)
    if subject.is_pod(peer) and judged is Value.UNKNOWN:
        return Side(direction, said, subject, peer, port, profile, reason=reason)
    return Side(direction, judged, subject, peer, port, profile, reason=reason)


def listed(refs: Iterable[Ref]) -> str:
    """`NetworkPolicy data/db, data/deny`: objects, each once, their kind only where it changes."""
    kinds: dict[str, dict[str, None]] = {}
    for ref in refs:
        name = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
        kinds.setdefault(ref.kind, {})[name] = None
    return ", ".join(f"{kind} {', '.join(names)}" for kind, names in kinds.items())


def target_text(way: Judgement) -> str:
    """`shop/web-1 (10.244.1.4) 8080/TCP`."""
    return f"{way.target} {port_text(way.port)}".rstrip()


def port_text(port: int | None) -> str:
    """`8080/TCP` of a port on the line; nothing for protocols without ports."""
    if port is None:
        return ""
    protocol, number = protocol_and_number(port)
    return f"{number}/{protocol}"
