"""Profiles: what the policies that select an endpoint allow it in one direction, port by port.

Endpoints selected by the same policies share a profile. Its row is disjoint spans of ports, each
with the peers that are allowed there.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reachaudit.model.facts import Direction, NetworkPolicy, OpaquePolicy
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach import bits
from reachaudit.reach.identity import Identity
from reachaudit.reach.ports import ALL_PORTS, Span, overlay
from reachaudit.reach.rules import NOBODY, CompiledPolicy, Compiler, Opening, Planes
from reachaudit.reach.verdict import Reason
from reachaudit.reach.vocabulary import PortName


@dataclass(frozen=True, slots=True)
class Cell:
    """A span of ports and who is allowed on it."""

    span: Span
    planes: Planes


@dataclass(frozen=True, slots=True)
class Profile:
    """A row of cells in order, for the classes `subjects`.

    `policies` isolate them; with none they are not isolated (NP-6). `opaque` are policies that are
    not understood but may concern them: nothing is sure then (UNK-2).
    """

    row: tuple[Cell, ...]
    policies: tuple[CompiledPolicy, ...] = ()
    opaque: tuple[OpaquePolicy, ...] = ()
    subjects: int = 0
    starts: list[int] = field(default_factory=list, compare=False)

    @property
    def isolated(self) -> bool:
        """Whether anything isolates the endpoints in this direction (NP-5)."""
        return bool(self.policies)

    @property
    def reason(self) -> Reason:
        """Why a verdict of this row is UNKNOWN, if it is."""
        if not self.opaque:
            return Reason.MISSING_NAMESPACE
        unreadable = any(p.kind_name == NetworkPolicy.kind for p in self.opaque)
        return Reason.UNREADABLE_POLICY if unreadable else Reason.VENDOR_POLICY

    def at(self, position: int) -> Planes:
        """Who is allowed on a port."""
        i = bisect_right(self.starts, position) - 1
        if i < 0 or self.row[i].span.last < position:
            return Planes(NOBODY, NOBODY)
        return self.row[i].planes


class _Key(NamedTuple):
    policies: tuple[Ref, ...]
    ports: tuple[tuple[PortName, int], ...] | None
    opaque: tuple[OpaquePolicy, ...]


class Profiles:
    """The profiles of one direction, and which class has which."""

    def __init__(
        self,
        facts: Facts,
        identity: Identity,
        direction: Direction,
        opaque: Sequence[OpaquePolicy],
    ) -> None:
        """`opaque`: the policies that are heeded though not understood."""
        self._compiler, self._direction = Compiler(identity), direction
        policies = [
            self._compiler.compile(policy, direction)
            for policy in facts.of(NetworkPolicy)
            if policy.isolates(direction)
        ]
        selecting: list[list[CompiledPolicy]] = [[] for _ in identity.classes]
        for compiled in policies:
            for number in bits.members(compiled.subjects):
                selecting[number].append(compiled)
        self._of_class: list[Profile] = []
        self.all: list[Profile] = []
        self._share(identity, selecting, opaque)

    def of(self, number: int) -> Profile:
        """The profile of a class."""
        return self._of_class[number]

    def _share(
        self,
        identity: Identity,
        selecting: list[list[CompiledPolicy]],
        opaque: Sequence[OpaquePolicy],
    ) -> None:
        """Build each distinct profile once; one with named ingress ports depends on the class."""
        groups: dict[_Key, list[int]] = {}
        for number, policies in enumerate(selecting):
            pod_class = identity.classes[number]
            heard = tuple(p for p in opaque if p.namespace in ("", pod_class.namespace))
            resolves = self._direction == "ingress" and any(p.uses_names for p in policies)
            names = pod_class.ports if resolves else None
            key = _Key(tuple(p.policy.ref for p in policies), names, heard)
            groups.setdefault(key, []).append(number)
        by_number: dict[int, Profile] = {}
        for key, numbers in groups.items():
            profile = self._profile(tuple(selecting[numbers[0]]), key.opaque, numbers)
            self.all.append(profile)
            by_number.update(dict.fromkeys(numbers, profile))
        self._of_class = [by_number[number] for number in range(len(selecting))]

    def _profile(
        self,
        policies: tuple[CompiledPolicy, ...],
        opaque: tuple[OpaquePolicy, ...],
        numbers: list[int],
    ) -> Profile:
        everyone = self._compiler.everyone
        if opaque:  # they may open as well as shut
            row: tuple[Cell, ...] = (Cell(ALL_PORTS, Planes(NOBODY, everyone)),)
        elif not policies:  # NP-6
            row = (Cell(ALL_PORTS, Planes(everyone, everyone)),)
        else:  # NP-9: the union over all policies
            row = _row(
                opening
                for policy in policies
                for opening in self._compiler.openings(policy, self._direction, numbers[0])
            )
        starts = [cell.span.first for cell in row]
        return Profile(row, policies, opaque, bits.of(numbers), starts)


def _row(openings: Iterable[Opening]) -> tuple[Cell, ...]:
    pieces = ((opening.span, opening.planes) for opening in openings)
    return tuple(Cell(piece, planes) for piece, planes in overlay(pieces, Planes.__or__))
