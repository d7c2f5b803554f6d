"""Flows between workloads: rows of classes read as a person counts them.

A flow is there when some pod of the source may connect to some pod of the target. Nodes and pods on
their node's network are no ends of flows here: no policy isolates them (NP-47).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from reachaudit.model.ip import FAMILIES, Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.addresses import merge
from reachaudit.reach.classes import Classes, PodClass
from reachaudit.reach.columns import Sets
from reachaudit.reach.entries import Entries
from reachaudit.reach.ports import Span, overlay
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import AddressSets, OutRow, Row

E = TypeVar("E")


class Sources(NamedTuple):
    """Sets of sources: those that surely connect, and those that may."""

    must: int
    may: int


class Targets(NamedTuple):
    """Addresses that policies surely let a source reach, and those that they may.

    Not cut by who stands there: a pod or node that comes and goes changes no policy.
    """

    must: tuple[Block, ...]
    may: tuple[Block, ...]


class Index:
    """A bit for each workload: that of its first class."""

    def __init__(self, classes: Classes) -> None:
        self.refs: dict[int, Ref] = {}
        self._later: dict[int, int] = {}
        self._firsts = 0
        for workload, numbers in classes.of_workload.items():
            first = min(numbers)
            self.refs[first] = workload.ref
            self._firsts |= 1 << first
            self._later |= dict.fromkeys(numbers - {first}, first)

    def named(self, classes: int) -> int:
        """Classes as workloads: few workloads have several classes."""
        found = classes & self._firsts
        for number in bits.members(classes & ~self._firsts):
            found |= 1 << self._later[number]
        return found


@dataclass
class Flows:
    """All flows of one state.

    `between`: target workload and family → its sources by port, as bits of `index`. `out`: source
    workload and family → addresses by port. `cluster`: the cluster's own addresses, which are not
    outside.
    """

    index: Index
    between: dict[tuple[Ref, Family], tuple[tuple[Span, Sources], ...]] = field(
        default_factory=dict
    )
    out: dict[tuple[Ref, Family], tuple[tuple[Span, Targets], ...]] = field(default_factory=dict)
    entries: Entries = field(default_factory=Entries)
    cluster: list[Block] = field(default_factory=list)


def flows(reach: Reachability) -> Flows:
    """Work out all flows of a state."""
    classes = reach.identity.classes
    table = Flows(Index(classes), cluster=reach.outside.cluster)
    blocks = _BlocksOf(reach)
    for workload, numbers in sorted(classes.of_workload.items()):
        own = [classes.by_number[number] for number in sorted(numbers)]
        for family in FAMILIES:
            key = workload.ref, family
            table.between[key] = tuple(
                (span, Sources(table.index.named(ends.must), table.index.named(ends.may)))
                for span, ends in into(reach, own, family)
            )
            table.out[key] = tuple(
                (span, Targets(blocks.of(ends.must), blocks.of(ends.may)))
                for span, ends in outside(reach, own, family)
            )
    table.entries = reach.entries.all()
    return table


def into(reach: Reachability, own: Sequence[PodClass], family: Family) -> Row:
    """Who connects to a workload, by its classes."""
    return joined([reach.rows.into(each, family) for each in own], Sets.__or__)


def outside(reach: Reachability, own: Sequence[PodClass], family: Family) -> OutRow:
    """Where a workload may send to by address, by its classes."""
    present = [each for each in own if each.pods[family]]
    return joined([reach.rows.outside(each, family) for each in present], AddressSets.__or__)


def joined(rows: Sequence[list[tuple[Span, E]]], join: Callable[[E, E], E]) -> list[tuple[Span, E]]:
    """The union of rows; of one, itself."""
    if len(rows) == 1:
        return rows[0]
    return overlay((cell for row in rows for cell in row), join)


class _BlocksOf:
    """Signatures as addresses, each set of them worked out once."""

    def __init__(self, reach: Reachability) -> None:
        self._signatures = reach.identity.signatures
        self._known: dict[int, tuple[Block, ...]] = {}

    def of(self, signatures: int) -> tuple[Block, ...]:
        found = self._known.get(signatures)
        if found is None:
            spans = (b for n in bits.members(signatures) for b in self._signatures.spans(n))
            found = self._known[signatures] = tuple(merge(spans))
        return found
