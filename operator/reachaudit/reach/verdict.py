"""Verdicts: three values for a policy, five outcomes for a path (M-2, M-3)."""

from collections.abc import Iterable
from enum import Enum, IntEnum

from msgspec import Struct
from msgspec.structs import replace

from reachaudit.model.facts import Direction
from reachaudit.reach.party import Party


class Value(IntEnum):
    """A policy's verdict. In Kleene's logic AND is `min`, OR is `max`."""

    DENY = 0
    UNKNOWN = 1
    ALLOW = 2


class Outcome(Enum):
    """What becomes of a connection on a path."""

    ALLOW = "ALLOW"
    DENY = "DENY"
    UNKNOWN = "UNKNOWN"
    NO_PATH = "NO_PATH"  # nothing forwards there: not a denial
    PARTIAL = "PARTIAL"  # the network chooses among ways of which only some pass


class Reason(Enum):
    """Why a verdict is UNKNOWN."""

    VENDOR_POLICY = "vendor-policy"  # UNK-2
    UNREADABLE_POLICY = "unreadable-policy"
    MISSING_NAMESPACE = "missing-namespace"  # NP-20
    IMPLEMENTATION = "implementation"  # NP-44, NP-46, SVC-41
    EXTRA_NETWORK = "extra-network"  # NP-51
    PLATFORM = "platform"  # UNK-13
    IP_BLOCK = "ip-block"  # NP-30 with an assumption off
    NO_ADDRESS = "no-address"  # of a pod that only a file describes
    NO_NODE = "no-node"  # the same: it may be on any
    NO_PORT = "no-port"  # of a node port that a cluster will give
    PROTOCOL = "protocol"  # NP-43
    SOURCE_NAT = "source-nat"  # EXT-10
    PROVIDER = "provider"  # UNK-4: what a load balancer's provider does with source ranges
    NAME_RESOLUTION = "name-resolution"  # UNK-9
    NODE_ADDRESS = "node-address"  # EXT-5
    OTHER_PROXY = "other-proxy"  # SVC-10
    CONTROLLER = "ingress-controller"  # ING-1, ING-5, ING-19
    ANNOTATION = "annotation"  # ING-23
    MATCHING = "path-matching"  # ING-8


class Judgement(Struct, frozen=True, gc=False):
    """One hop: what the source's egress and the target's ingress say (NP-10).

    `seen` is the source that the target's policy sees (EXT-9). `port` is the target's, on the
    line; None for protocols without ports. `dialled` is what the source's policy sees where that
    is not the target: a node, and a port of its own (SVC-41). `leg` counts the connections on a
    path: 0 is the client's own. `exempt`: directions in which it passes whatever policies say
    (NP-44, NP-45, NP-46).
    """

    source: Party
    seen: Party
    target: Party
    port: int | None
    egress: Value = Value.ALLOW
    ingress: Value = Value.ALLOW
    reason: Reason | None = None
    dialled: tuple[Party, int] | None = None
    leg: int = 0
    exempt: tuple[Direction, ...] = ()

    @property
    def value(self) -> Value:
        """Both must allow."""
        return min(self.egress, self.ingress)


class PathVerdict(Struct, frozen=True, gc=False):
    """What becomes of a connection on a whole path.

    `ways` are the judgements of the ways among which the network chooses; `note` says in words
    what shut or limits the path where no policy does, and `rules` by which rules of Kubernetes.
    """

    outcome: Outcome
    ways: tuple[Judgement, ...] = ()
    reason: Reason | None = None
    note: str = ""
    rules: tuple[str, ...] = ()


PASSES = PathVerdict(Outcome.ALLOW)


def no_path(note: str, *rules: str) -> PathVerdict:
    """Nothing forwards there."""
    return PathVerdict(Outcome.NO_PATH, note=note, rules=rules)


def unknown(reason: Reason, note: str = "", *rules: str) -> PathVerdict:
    """It cannot be known."""
    return PathVerdict(Outcome.UNKNOWN, reason=reason, note=note, rules=rules)


_OUTCOMES = {
    Value.ALLOW: Outcome.ALLOW,
    Value.DENY: Outcome.DENY,
    Value.UNKNOWN: Outcome.UNKNOWN,
}


def direct(judgement: Judgement) -> PathVerdict:
    """A path of one way."""
    value = judgement.value
    reason = judgement.reason if value is Value.UNKNOWN else None
    return PathVerdict(_OUTCOMES[value], (judgement,), reason)


def network_chooses(paths: Iterable[PathVerdict]) -> PathVerdict:
    """One path of many ways: all agree, or PARTIAL, or UNKNOWN where ignorance decides (EXT-10)."""
    paths = tuple(paths)
    if len(paths) == 1:
        return paths[0]
    ways = tuple(way for path in paths for way in path.ways)
    outcomes = {path.outcome for path in paths}
    if len(outcomes) == 1 and Outcome.UNKNOWN not in outcomes:
        return _told(PathVerdict(paths[0].outcome, ways), paths)
    if not outcomes:
        return no_path("nothing forwards there")
    passes = Outcome.ALLOW in outcomes or Outcome.PARTIAL in outcomes
    stops = bool(outcomes & {Outcome.DENY, Outcome.NO_PATH, Outcome.PARTIAL})
    if passes and stops:
        return _told(PathVerdict(Outcome.PARTIAL, ways), paths)
    if Outcome.UNKNOWN in outcomes:
        reason = next(path.reason for path in paths if path.outcome is Outcome.UNKNOWN)
        return _told(PathVerdict(Outcome.UNKNOWN, ways, reason), paths)
    return _told(PathVerdict(Outcome.DENY, ways), paths)


def one_of(paths: Iterable[PathVerdict], reason: Reason) -> PathVerdict:
    """One of these is true and we cannot know which: their common outcome, or UNKNOWN (EXT-10)."""
    paths = tuple(paths)
    if len({path.outcome for path in paths}) == 1:
        return network_chooses(paths)
    ways = tuple(way for path in paths for way in path.ways)
    return _told(PathVerdict(Outcome.UNKNOWN, ways, reason), paths)


def wherever(paths: Iterable[PathVerdict]) -> PathVerdict:
    """The same where a pod may be on one node or another. If none passes, that is what counts."""
    paths = tuple(paths)
    if {path.outcome for path in paths} <= {Outcome.DENY, Outcome.NO_PATH}:
        return network_chooses(paths)
    return one_of(paths, Reason.NO_NODE)


_WORST_FIRST = (Outcome.NO_PATH, Outcome.DENY, Outcome.UNKNOWN, Outcome.PARTIAL, Outcome.ALLOW)


def client_chooses(paths: Iterable[PathVerdict]) -> PathVerdict:
    """The best of several ways: a client may try each address."""
    best: PathVerdict | None = None
    for path in paths:
        if best is None or _rank(path) > _rank(best):
            best = path
        if path.outcome is Outcome.ALLOW:  # nothing is better: the rest need not be tried
            break
    return best or no_path("nothing forwards there")


def _rank(path: PathVerdict) -> int:
    return _WORST_FIRST.index(path.outcome)


def in_sequence(first: PathVerdict, second: PathVerdict) -> PathVerdict:
    """Two connections, the second made by who receives the first: both must pass (ING-15)."""
    worse = min((first, second), key=lambda path: _WORST_FIRST.index(path.outcome))
    passed = 1 + max((way.leg for way in first.ways), default=0)
    later = tuple(replace(way, leg=way.leg + passed) for way in second.ways)
    return replace(worse, ways=first.ways + later)


def _told(path: PathVerdict, by: Iterable[PathVerdict]) -> PathVerdict:
    """A path with the notes and rules of those that it is made of, each once."""
    by = [part for part in by if part.note or part.rules]
    if not by:
        return path
    notes = dict.fromkeys(part.note for part in by if part.note)
    rules = dict.fromkeys(rule for part in by for rule in part.rules)
    return replace(path, note="; ".join(notes), rules=tuple(rules))
