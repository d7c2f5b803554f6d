"""Hops: the connections on a path, each with what opens or shuts it and by which rules."""

from dataclasses import dataclass

from reachaudit.model.facts import NetworkPolicy
from reachaudit.reach.explain import Clause, Side, clauses, listed, sides
from reachaudit.reach.ports import Span
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Judgement, Reason, Value
from reachaudit.reach.why.near import Near, near_misses


@dataclass(frozen=True, slots=True)
class Told:
    """One direction of a hop with its evidence.

    `clauses`: what allows it; where it is UNKNOWN, what may. `near`: rules that nearly allow it.
    `because`: the whole in words, as a clause of a sentence.
    """

    side: Side
    clauses: tuple[Clause, ...]
    near: tuple[Near, ...]
    because: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One connection: who makes it, whom the target's policy sees, where it ends.

    `on`: the node that rewrites it to its target, "" where nothing does.
    """

    way: Judgement
    egress: Told
    ingress: Told
    on: str
    rules: tuple[str, ...]

    @property
    def sides(self) -> tuple[Told, Told]:
        """Both directions."""
        return self.egress, self.ingress


def hop_of(
    reach: Reachability, way: Judgement, *, rewritten: bool, spans: tuple[Span, ...] = ()
) -> Hop:
    """A judgement with its evidence. `rewritten`: a Service's address was dialled.

    `spans`: the ports that were asked for, if near misses are wanted.
    """
    told = (_told(reach, side, spans, rewritten=rewritten) for side in sides(reach.judge, way))
    egress, ingress = told
    rules = ["NP-53"] if rewritten else []
    rules += ["EXT-9"] if way.seen != way.source else []
    rules += ["SVC-41"] if way.dialled else []
    rules += ["ING-16" if way.source.pod else "SVC-32"] if way.leg else []
    rules += ["NP-46"] if rewritten and way.source.is_pod(way.target) else []
    return Hop(way, egress, ingress, _rewriter(way) if rewritten else "", tuple(rules))


def _rewriter(way: Judgement) -> str:
    """The node where a Service's address becomes an endpoint's (EXT-9, SVC-41)."""
    if way.dialled:
        return way.dialled[0].node
    if way.seen != way.source:
        return way.seen.node
    return way.source.node or way.target.node


def _told(reach: Reachability, side: Side, spans: tuple[Span, ...], *, rewritten: bool) -> Told:
    decided = side.value is not Value.DENY and not side.exempt
    opening = tuple(clauses(reach.judge, side, side.value)) if decided else ()
    here = any(span.first == side.port for span in spans)
    own = (Span(side.port, side.port),) if side.port is not None and spans else ()
    shut = side.value is not Value.ALLOW
    near = tuple(near_misses(reach, side, spans if here else own)) if shut else ()
    because, rules = _because(reach, side, opening, rewritten=rewritten)
    return Told(side, opening, near, because, rules)


def _because(
    reach: Reachability, side: Side, opening: tuple[Clause, ...], *, rewritten: bool
) -> tuple[str, tuple[str, ...]]:
    if side.profile is None:
        return _unselected(side)
    if side.exempt:
        return _exempt(side, rewritten=rewritten)
    if side.value is Value.UNKNOWN:
        return _unsure(side)
    if not side.policies:
        whose = "the source" if side.direction == "egress" else "the target"
        return f"no policy isolates {whose} for {side.direction}", ("NP-6",)
    if side.value is Value.ALLOW:
        return f"allowed by {', '.join(map(str, opening))}", _rules_of(reach, opening)
    return _isolated(side), ("NP-5", "NP-7", "NP-9")


def _isolated(side: Side) -> str:
    rule = "no rule of theirs" if len(side.policies) > 1 else "no rule of it"
    return f"isolated by {listed(side.policies)}, and {rule} allows it"


def _unselected(side: Side) -> tuple[str, tuple[str, ...]]:
    if side.value is Value.UNKNOWN:
        return "a policy that is not read here may guard nodes too", ("UNK-2",)
    if side.subject.pod is not None:
        return "policies have no effect on a pod on its node's network", ("NP-47",)
    if side.subject.node:
        return "policies isolate pods, and never nodes", ("NP-61",)
    if side.direction == "ingress":
        return "outside the cluster no policy is asked", ("EXT-11",)
    return "it comes from outside the cluster, where no policy is asked", ("NP-1",)


def _exempt(side: Side, *, rewritten: bool) -> tuple[str, tuple[str, ...]]:
    if not side.subject.is_pod(side.peer):
        return "a pod is always open to its own node", ("NP-44",)
    if rewritten:
        return "the enforcer lets a pod back in through a Service", ("NP-46",)
    return "a pod always reaches its own address", ("NP-45",)


_UNSURE: dict[Reason | None, tuple[str, str]] = {
    Reason.VENDOR_POLICY: ("{opaque} may open or shut it, and is not read here", "UNK-2"),
    Reason.UNREADABLE_POLICY: ("{opaque} cannot be read, and may open or shut it", "UNK-2"),
    Reason.MISSING_NAMESPACE: (
        "a rule asks for labels of a namespace whose Namespace object is missing",
        "NP-20",
    ),
    Reason.IP_BLOCK: ("only an ipBlock allows it, and may not match here", "NP-30"),
    Reason.NO_ADDRESS: ("only an ipBlock allows it, and the address is not known", "NP-30"),
    Reason.IMPLEMENTATION: (
        "{isolated}; yet some enforcers let in who is on the pod's own node",
        "NP-44",
    ),
    Reason.EXTRA_NETWORK: ("{isolated}; yet the pod has a network beside", "NP-51"),
    Reason.PLATFORM: ("{isolated}; yet its platform may not enforce that", "UNK-13"),
    Reason.NO_NODE: ("{isolated}; yet it may be on the pod's own node", "NP-44"),
    None: ("policies say nothing of protocols without ports", "NP-43"),
}


def _unsure(side: Side) -> tuple[str, tuple[str, ...]]:
    assert side.profile is not None
    words, rule = _UNSURE[side.reason]
    opaque = listed(policy.ref for policy in side.profile.opaque)
    return words.format(opaque=opaque, isolated=_isolated(side)), (rule,)


def _rules_of(reach: Reachability, opening: tuple[Clause, ...]) -> tuple[str, ...]:
    """The rules of Kubernetes by which the parts of policies allow what they allow."""
    found = dict[str, None]({"NP-9": None})
    for clause in opening:
        policy = reach.facts.get(NetworkPolicy, clause.policy)
        assert policy is not None
        rule = policy.rules(clause.direction)[clause.rule]
        if clause.peer is None:
            found["NP-8" if rule.ports is None else "NP-13"] = None
        else:
            peer = (rule.peers or ())[clause.peer]
            if peer.block is not None:
                found["NP-27"] = None
            elif peer.namespaces is None:
                found["NP-15"] = None
            else:
                found["NP-16" if peer.pods is None else "NP-17"] = None
        if any(port.name for port in rule.ports or ()):
            found["NP-39"] = None
    return tuple(found)
