"""How many flows are UNKNOWN, and why: it tells how far verdicts can be trusted."""

from collections import Counter

from reachaudit.model.ip import FAMILIES, Family
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.profiles import Profile
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Reason


def unknowns(reach: Reachability) -> Counter[Reason]:
    """Pairs of classes of which it is not known whether they connect, and ways in, by reason.

    A pair is counted by the end that makes it so, the target first.
    """
    found = Counter(reach.entries.unknown)
    if reach.unsure:
        for own in reach.identity.classes.by_number.values():
            for family in FAMILIES:
                found.update(_into(reach, own, family))
    return found


def _into(reach: Reachability, own: PodClass, family: Family) -> Counter[Reason]:
    """The pairs with one target."""
    unsure = by_target = 0
    profile = reach.judge.ingress.of(own.number)
    for span, ends in reach.rows.into(own, family):
        some = ends.may & ~ends.must
        unsure |= some
        by_target |= some & ~reach.rows.allowed(profile.at(span.first), family).must
    found = Counter[Reason]()
    if by_target:
        found[_reason(reach, profile)] += by_target.bit_count()
    for number in bits.members(unsure & ~by_target):
        found[_reason(reach, reach.judge.egress.of(number))] += 1
    return found


def _reason(reach: Reachability, profile: Profile) -> Reason:
    by_block = not profile.opaque and not reach.assumptions.ip_blocks_match_pods
    return Reason.IP_BLOCK if by_block else profile.reason
