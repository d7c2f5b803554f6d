"""Ways to shut what is open: edits of policies that may do it, to be tried."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from reachaudit.model.facts import Direction, NetworkPolicy, Pod, Selector
from reachaudit.model.names import Ref
from reachaudit.reach.explain import Clause, Side, clauses, openings, sides
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Judgement, Value
from reachaudit.reach.why.asked import Asked
from reachaudit.reach.why.edits import DIRECTIONS, Edit, created, new_policy, taken_out
from reachaudit.reach.why.permissions import common_labels

Subjects = dict[str, dict[Ref, Pod]]


def shuttings(
    reach: Reachability, asked: Asked, all_ways: Iterable[Judgement]
) -> Iterator[list[Edit]]:
    """Candidates: for each connection of the path, and each end of it, what would shut that end.

    A path is shut where one of its connections is, and a connection where one of its ends is; a pod
    that a Service sends to itself, where both are (NP-46).
    """
    ways = [way for way in all_ways if way.value is not Value.DENY]
    for leg in sorted({way.leg for way in ways}):
        told = [(way, side) for way in ways if way.leg == leg for side in sides(reach.judge, way)]
        for direction in DIRECTIONS:
            one = [side for _, side in told if side.direction == direction]
            both = [s for w, s in told if s.direction == direction or w.source.is_pod(w.target)]
            for wanted in (one, both) if len(both) > len(one) else (one,):
                still_open = [side for side in wanted if side.value is not Value.DENY]
                edits = _shut(reach, asked, still_open)
                if edits:
                    yield edits
    if not ways:
        yield _all_out(reach, asked)


def _all_out(reach: Reachability, asked: Asked) -> list[Edit]:
    """Whoever a name elsewhere may lead to: nothing that lets the source out on the port."""
    out: defaultdict[Ref, list[Clause]] = defaultdict(list)
    bare: Subjects = {}
    for client in (c for q in asked.questions for c in q.source.parties(reach)):
        for port in asked.ports:
            side = Side(
                "egress", Value.UNKNOWN, client, client, port, reach.judge.profile("egress", client)
            )
            if client.pod is None or side.profile is None or port is None:
                return []
            if not side.policies:
                bare.setdefault(client.pod.namespace, {})[client.pod.ref] = client.pod
            for opening, whole in openings(reach.judge, side):
                if opening.span.first <= port <= opening.span.last:
                    out[whole.policy] += [] if whole in out[whole.policy] else [whole]
    edits = [_taken_out(reach, ref, own) for ref, own in out.items()]
    return edits + list(_denied(reach, {}, bare))


def _shut(reach: Reachability, asked: Asked, open_sides: list[Side]) -> list[Edit]:
    """What opens these sides taken out; a new policy where nothing isolates. None if it cannot."""
    out: defaultdict[Ref, list[Clause]] = defaultdict(list)
    bare: dict[Direction, Subjects] = {"ingress": {}, "egress": {}}
    for side in open_sides:
        pod = side.subject.pod
        if side.profile is None or side.exempt or pod is None:
            return []
        if not side.policies:
            known = bare[side.direction].setdefault(pod.namespace, {})
            if pod.ref not in known:
                known.update((each.ref, each) for each in asked.kin(reach, pod))
            continue
        opening = [c for v in (Value.ALLOW, Value.UNKNOWN) for c in clauses(reach.judge, side, v)]
        for clause in opening:
            out[clause.policy] += [] if clause in out[clause.policy] else [clause]
    edits = [_taken_out(reach, ref, own) for ref, own in out.items()]
    return edits + list(_denied(reach, bare["ingress"], bare["egress"]))


def _taken_out(reach: Reachability, ref: Ref, own: list[Clause]) -> Edit:
    policy = reach.facts.get(NetworkPolicy, ref)
    assert policy is not None
    return taken_out(policy, own)


def _denied(reach: Reachability, ingress: Subjects, egress: Subjects) -> Iterator[Edit]:
    """Policies that isolate some pods and allow nothing (NP-7): one for the pods of a namespace."""
    for namespace in sorted({*ingress, *egress}):
        into, out = ingress.get(namespace, {}), egress.get(namespace, {})
        if into.keys() == out.keys():
            yield _denying(reach, list(into.values()), "ingress", "egress")
            continue
        if into:
            yield _denying(reach, list(into.values()), "ingress")
        if out:
            yield _denying(reach, list(out.values()), "egress")


def _denying(reach: Reachability, pods: list[Pod], *directions: Direction) -> Edit:
    names = sorted({reach.identity.workloads[pod.ref].name for pod in pods})
    name = f"deny-{'-and-'.join(directions)}-{names[0] if len(names) == 1 else 'pods'}"
    subject, rules = Selector(common_labels(pods)), dict.fromkeys(directions, ())
    return created(new_policy(reach.facts, name, pods[0].namespace, subject, rules))
