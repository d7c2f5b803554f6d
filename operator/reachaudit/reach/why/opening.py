"""Ways to open what policies shut: edits that may do it, to be tried."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reachaudit.model.facts import Direction, Labels, NetworkPolicy, PolicyRule, Selector
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.explain import Side, sides
from reachaudit.reach.ports import Span
from reachaudit.reach.profiles import Profile
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Judgement, Value
from reachaudit.reach.why.asked import Asked
from reachaudit.reach.why.edits import Edit, added, created, deleted, new_policy
from reachaudit.reach.why.permissions import common_labels, peer_key, rule_for, rule_for_all

Rules = dict[Direction, list[PolicyRule]]


class _Need(NamedTuple):
    """A side that is not surely open, and the rule that would open it: the narrowest that there
    is, and `wide`, where addresses may not mean the peer: one for all.
    """

    side: Side
    rule: PolicyRule | None
    wide: PolicyRule | None


def openings(reach: Reachability, asked: Asked, ways: Iterable[Judgement]) -> Iterator[list[Edit]]:
    """Candidates, the narrowest first: a rule more, a policy more, both for all peers, and no
    policy that isolates.
    """
    needs = list(_needs(reach, asked, ways))
    if not needs or any(need.side.profile is None for need in needs):
        return
    unread = _unread(needs)
    if unread is None:
        return
    ruled = [need for need in needs if need.side.policies]
    wide = [need._replace(rule=need.wide) for need in ruled]
    for own in (ruled, wide) if any(need.rule != need.wide for need in ruled) else (ruled,):
        for edits in _with_rules(reach, asked, own) if all(need.rule for need in own) else ():
            yield [*edits, *unread]
    refs = dict.fromkeys(ref for need in needs for ref in need.side.policies)
    policies = filter(None, (reach.facts.get(NetworkPolicy, ref) for ref in refs))
    yield [*map(deleted, policies), *unread]


def _needs(reach: Reachability, asked: Asked, ways: Iterable[Judgement]) -> Iterator[_Need]:
    """The sides of all ways that are not surely open; a rule is made once for all that it fits."""
    rules: dict[object, tuple[PolicyRule | None, PolicyRule | None]] = {}
    for way in ways:
        for side in sides(reach.judge, way) if way.value is not Value.ALLOW else ():
            if side.value is Value.ALLOW or side.exempt:
                continue
            pod, peer = side.subject.pod, peer_key(way, side)
            key = side.direction, pod and pod.namespace, side.profile is None, peer, side.port
            if key not in rules:
                rules[key] = _rules(reach, asked, way, side)
            yield _Need(side, *rules[key])


def _unread(needs: list[_Need]) -> list[Edit] | None:
    """NetworkPolicies that cannot be read, taken away; None where others' policies are heeded."""
    found = {p.ref: p for need in needs if need.side.profile for p in need.side.profile.opaque}
    if any(policy.kind_name != NetworkPolicy.kind for policy in found.values()):
        return None
    return [deleted(policy) for policy in found.values()]


def _with_rules(reach: Reachability, asked: Asked, needs: list[_Need]) -> Iterator[list[Edit]]:
    if not needs:
        yield []
        return
    yield _by_own_policies(reach, needs)
    yield from _by_one_policy(reach, needs)
    yield _by_new_policies(reach, asked, needs)


def _rules(
    reach: Reachability, asked: Asked, way: Judgement, side: Side
) -> tuple[PolicyRule | None, PolicyRule | None]:
    """On the ports of the question; behind a Service, on the endpoint's port (NP-53)."""
    if side.profile is None or side.port is None:
        return None, None
    spans = asked.spans if side.port in asked.ports else (Span(side.port, side.port),)
    narrow = rule_for(reach, asked, way, side, spans)
    return narrow, narrow if side.peer.number is not None else rule_for_all(spans)


def _by_own_policies(reach: Reachability, needs: list[_Need]) -> list[Edit]:
    """A rule more in the policy that selects the fewest others beside the subject."""
    rules: defaultdict[Ref, Rules] = defaultdict(dict)
    for need in needs:
        assert need.side.profile is not None
        best = _narrowest(reach, need.side.profile)
        if best is not None:
            _put(rules[best], need)
    return [_added(reach, ref, own) for ref, own in rules.items()]


def _by_one_policy(reach: Reachability, needs: list[_Need]) -> Iterator[list[Edit]]:
    """All rules in one policy that isolates all ends."""
    shared = set.intersection(*(set(need.side.policies) for need in needs))
    for ref in sorted(shared):
        rules: Rules = {}
        for need in needs:
            _put(rules, need)
        yield [_added(reach, ref, rules)]


def _by_new_policies(reach: Reachability, asked: Asked, needs: list[_Need]) -> list[Edit]:
    """A policy of its own for each kind of subject."""
    rules: defaultdict[tuple[str, Labels], Rules] = defaultdict(dict)
    names: dict[tuple[str, Labels], str] = {}
    for need in needs:
        pod = need.side.subject.pod
        assert pod is not None
        key = pod.namespace, common_labels(asked.kin(reach, pod))
        names[key] = f"allow-{reach.identity.workloads[pod.ref].name}"
        _put(rules[key], need)
    return [
        created(new_policy(reach.facts, names[ns, labels], ns, Selector(labels), own))
        for (ns, labels), own in rules.items()
    ]


def _put(rules: Rules, need: _Need) -> None:
    own = rules.setdefault(need.side.direction, [])
    if need.rule is not None and need.rule not in own:
        own.append(need.rule)


def _added(reach: Reachability, ref: Ref, rules: Rules) -> Edit:
    policy = reach.facts.get(NetworkPolicy, ref)
    assert policy is not None
    return added(policy, rules)


def _narrowest(reach: Reachability, profile: Profile) -> Ref | None:
    """Of the policies that isolate a subject, the one for the fewest pods beside it."""
    counted = [
        (len([*bits.members(reach.identity.members(p.subject)[0])]), p.policy.ref)
        for p in profile.policies
    ]
    return min(counted)[1] if counted else None
