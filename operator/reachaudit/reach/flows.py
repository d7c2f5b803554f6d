"""Flows between workloads, as rows of bits: what two states of the cluster are compared by.

Its unit is for people: from a source workload or zone to a workload or zone, by family and ports.
A flow is there when some pod of the source may connect to some pod of the target. Pods that share
workload and class form a *cohort*; rows are worked out for cohorts and then read as workloads.

Nodes and pods on their node's network are no ends of flows here: no policy isolates them (NP-47).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from reachaudit.model.ip import FAMILIES, Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.addresses import merge
from reachaudit.reach.ports import Span, overlay
from reachaudit.reach.profiles import Profile
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rules import Peers, Planes
from reachaudit.reach.verdict import Outcome, Reason
from reachaudit.reach.zones import Zone


class Sources(NamedTuple):
    """Sets of sources: those that surely connect, and those that may."""

    must: int
    may: int

    def __or__(self, other: "Sources") -> "Sources":
        """The union, plane by plane."""
        return Sources(self.must | other.must, self.may | other.may)


class Targets(NamedTuple):
    """Addresses that policies surely let a source reach, and those that they may.

    Not cut by who stands there: a pod or node that comes and goes changes no policy.
    """

    must: tuple[Block, ...]
    may: tuple[Block, ...]


Into = tuple[Zone, Family, Ref, int]
Row = tuple[tuple[Span, Sources], ...]
OutRow = tuple[tuple[Span, Targets], ...]


class Index:
    """A bit for each workload, the same in two states that follow each other, so that they compare.

    A bit is given to another only after a whole state without its workload.
    """

    def __init__(self) -> None:
        self.refs: list[Ref] = []
        self._bits: dict[Ref, int] = {}
        self._free: list[int] = []
        self._recent: frozenset[Ref] = frozenset()

    def bit(self, ref: Ref) -> int:
        """A workload's bit."""
        return self._bits[ref]

    def turn(self, refs: Iterable[Ref]) -> None:
        """Begin a state with these workloads: free the bits of those gone since the one before."""
        present = frozenset(refs)
        for gone in sorted(self._bits.keys() - present - self._recent):
            self._free.append(self._bits.pop(gone))
        for ref in sorted(present - self._bits.keys()):
            number = self._free.pop() if self._free else len(self.refs)
            self.refs[number : number + 1] = [ref]
            self._bits[ref] = number
        self._recent = present


@dataclass
class Flows:
    """All flows of one state.

    `between`: target workload and family → its sources by port. `out`: source workload and family →
    addresses by port. `into`: what clients outside reach, as (zone, family, workload, port); and
    `may_into`, what they may reach. `cluster`: the cluster's own addresses, which are not outside.
    `unknown` counts pairs of which it is not known whether they connect, by reason.
    """

    between: dict[tuple[Ref, Family], Row] = field(default_factory=dict)
    out: dict[tuple[Ref, Family], OutRow] = field(default_factory=dict)
    into: set[Into] = field(default_factory=set)
    may_into: set[Into] = field(default_factory=set)
    cluster: list[Block] = field(default_factory=list)
    unknown: Counter[Reason] = field(default_factory=Counter)


def flows(reach: Reachability, index: Index) -> Flows:
    """Work out all flows of a state."""
    table = Flows(cluster=reach.outside.cluster)
    index.turn(workload.ref for workload in reach.identity.workloads.values())
    for family in FAMILIES:
        _FamilyFlows(reach, family, index, table).fill()
    for exposure in reach.exposures:
        key = exposure.zone, exposure.family, exposure.workload.ref, exposure.port
        if exposure.open:
            table.into.add(key)
        elif exposure.verdict.outcome is Outcome.UNKNOWN and exposure.verdict.reason:
            table.may_into.add(key)
            table.unknown[exposure.verdict.reason] += 1
    return table


@dataclass
class _Cohort:
    """`bit`: the workload's own for its first cohort; later ones lie above all workloads' bits."""

    workload: Ref
    number: int
    bit: int
    pods: int = 0
    signatures: int = 0


@dataclass
class _Unsure:
    """Cohorts whose connection to a target is UNKNOWN on some port, by the end that makes it so."""

    by_target: int = 0
    by_source: int = 0

    def add(self, unsure: int, allowed: Sources) -> None:
        """Add the cohorts of one span of ports; `allowed` is what the target's own rules say."""
        self.by_target |= unsure & ~allowed.must
        self.by_source |= unsure & allowed.must


class _FamilyFlows:
    """The flows of one family."""

    def __init__(self, reach: Reachability, family: Family, index: Index, table: Flows) -> None:
        self._reach, self._family, self._index, self._table = reach, family, index, table
        self._cohorts = self._gather()
        self._of_class: dict[int, int] = {}
        for cohort in self._cohorts:
            self._of_class[cohort.number] = self._of_class.get(cohort.number, 0) | 1 << cohort.bit
        self._sets: dict[Peers, int] = {}
        self._columns: dict[tuple[int, int], list[tuple[Span, Sources]]] = {}
        self._blocks: dict[int, tuple[Block, ...]] = {}
        self._subjects = [self._of_classes(p.subjects) for p in reach.judge.egress.all]
        self._sure = reach.assumptions.ip_blocks_match_pods

    def fill(self) -> None:
        """Add this family's flows to the table."""
        parts: dict[Ref, list[tuple[Span, Sources]]] = {}
        for cohort in self._cohorts:
            parts.setdefault(cohort.workload, []).extend(self._row(cohort))
        for workload, pieces in parts.items():
            row = tuple(overlay(pieces, Sources.__or__))
            self._table.between[workload, self._family] = row
        self._fill_out()

    def _gather(self) -> list[_Cohort]:
        """All cohorts. Few workloads have more than one: most rows are as they are read."""
        identity, found = self._reach.identity, dict[tuple[Ref, int], _Cohort]()
        self._workloads = (1 << len(self._index.refs)) - 1
        taken = 0
        for pod in identity.pods:
            number = identity.number(pod)
            for party in identity.pod_parties(pod, self._family) if number is not None else ():
                assert number is not None
                workload = identity.workloads[pod.ref].ref
                cohort = found.get((workload, number))
                if cohort is None:
                    own = self._index.bit(workload)
                    bit = own if not taken >> own & 1 else len(self._index.refs) + len(found)
                    taken |= 1 << bit
                    cohort = found[workload, number] = _Cohort(workload, number, bit)
                cohort.pods += 1
                cohort.signatures |= 1 << party.signature
        self._later = {c.bit: self._index.bit(c.workload) for c in found.values()}
        return list(found.values())

    def _row(self, target: _Cohort) -> list[tuple[Span, Sources]]:
        """Who connects to a cohort: allowed by its ingress, and by their own egress (NP-10)."""
        profile = self._reach.judge.ingress.of(target.number)
        itself = (
            ~(1 << target.bit) if target.pods == 1 else -1
        )  # a pod alone has nobody like it to reach
        found, unsure = [], _Unsure()
        for cell in profile.row:
            allowed = self._allowed(cell.planes.must, cell.planes.may)
            for piece, sources in self._column(target):
                span = Span(max(piece.first, cell.span.first), min(piece.last, cell.span.last))
                must = allowed.must & sources.must & itself
                may = allowed.may & sources.may & itself
                if may and span.first <= span.last:
                    unsure.add(may & ~must, allowed)
                    found.append((span, Sources(self._named(must), self._named(may))))
        self._count(profile, unsure)
        return found

    def _column(self, target: _Cohort) -> list[tuple[Span, Sources]]:
        """Who may send to a cohort by their egress, port by port."""
        key = target.number, target.signatures
        column = self._columns.get(key)
        if column is None:
            pieces = []
            for profile, subjects in zip(self._reach.judge.egress.all, self._subjects, strict=True):
                for cell in profile.row:
                    may = self._holds(cell.planes.may, target, sure=True)
                    must = may and self._holds(cell.planes.must, target, sure=self._sure)
                    if may:
                        pieces.append((cell.span, Sources(subjects if must else 0, subjects)))
            column = self._columns[key] = overlay(pieces, Sources.__or__)
        return column

    @staticmethod
    def _holds(peers: Peers, target: _Cohort, *, sure: bool) -> bool:
        if peers.by_class(target.number):
            return True
        by_address = bool(peers.signatures & target.signatures) or any(
            classes >> target.number & 1 and signatures & target.signatures
            for classes, signatures in peers.guarded
        )
        return sure and by_address

    def _allowed(self, must: Peers, may: Peers) -> Sources:
        surely = must if self._sure else Peers(must.classes)
        return Sources(self._members(surely), self._members(may))

    def _members(self, peers: Peers) -> int:
        """The cohorts with a pod that peers of an ingress rule hold."""
        found = self._sets.get(peers)
        if found is None:
            found = self._of_classes(peers.classes)
            for cohort in self._cohorts:
                if cohort.signatures & peers.signatures:
                    found |= 1 << cohort.bit
            self._sets[peers] = found
        return found

    def _of_classes(self, classes: int) -> int:
        found = 0
        for number in bits.members(classes):
            found |= self._of_class.get(number, 0)
        return found

    def _named(self, cohorts: int) -> int:
        """Cohorts as workloads: only those above the workloads' bits need a look-up."""
        named = cohorts & self._workloads
        for bit in bits.members(cohorts & ~self._workloads):
            named |= 1 << self._later[bit]
        return named

    def _count(self, profile: Profile, unsure: "_Unsure") -> None:
        """Count pairs that are UNKNOWN, by the end that makes them so: the target first."""
        self._add(profile, unsure.by_target)
        rest = unsure.by_source & ~unsure.by_target
        for egress, subjects in zip(self._reach.judge.egress.all, self._subjects, strict=True):
            self._add(egress, rest & subjects)

    def _add(self, profile: Profile, cohorts: int) -> None:
        if cohorts:
            by_block = not profile.opaque and not self._sure
            reason = Reason.IP_BLOCK if by_block else profile.reason
            self._table.unknown[reason] += cohorts.bit_count()

    def _fill_out(self) -> None:
        """What each workload reaches outside; there its egress alone decides (EXT-11)."""
        pieces: dict[Ref, list[tuple[Span, Targets]]] = {}
        for cohort in self._cohorts:
            profile = self._reach.judge.egress.of(cohort.number)
            pieces.setdefault(cohort.workload, []).extend(
                (cell.span, self._targets(cell.planes)) for cell in profile.row
            )
        for workload, found in pieces.items():
            row = tuple((s, t) for s, t in overlay(found, _join) if t.may)
            self._table.out[workload, self._family] = row

    def _targets(self, planes: Planes) -> Targets:
        return Targets(*(self._spans(peers.signatures) for peers in planes))

    def _spans(self, signatures: int) -> tuple[Block, ...]:
        """All addresses of the family that have one of these signatures."""
        known = self._reach.identity.signatures
        own = signatures & known.of_family[self._family]
        if own not in self._blocks:
            spans = (block for number in bits.members(own) for block in known.spans(number))
            self._blocks[own] = tuple(merge(spans))
        return self._blocks[own]


def _join(one: Targets, other: Targets) -> Targets:
    if one == other:
        return one
    return Targets(tuple(merge([*one.must, *other.must])), tuple(merge([*one.may, *other.may])))
