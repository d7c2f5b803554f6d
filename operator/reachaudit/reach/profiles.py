"""Profiles: what the policies that select an endpoint allow it in one direction, port by port.

Endpoints selected by the same policies share a profile. Its row is disjoint spans of ports, each
with the peers that are allowed there.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from typing import NamedTuple

from reachaudit.model.facts import Direction, NetworkPolicy, OpaquePolicy
from reachaudit.model.names import Ref
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass, Ports
from reachaudit.reach.identity import Identity
from reachaudit.reach.ports import ALL_PORTS, Span, overlay
from reachaudit.reach.rules import (
    ANYONE,
    EVERYBODY,
    NOBODY,
    CompiledPolicy,
    Compiler,
    Planes,
)
from reachaudit.reach.verdict import Reason


@dataclass(frozen=True, slots=True)
class Cell:
    """A span of ports and who is allowed on it."""

    span: Span
    planes: Planes


@dataclass(frozen=True, slots=True)
class Profile:
    """A row of cells in order, for the classes that share it.

    `policies` isolate them; with none they are not isolated (NP-6). `opaque` are policies that are
    not understood but may concern them: nothing is sure then (UNK-2). `doubt`: why what policies
    shut may be open all the same.
    """

    row: tuple[Cell, ...]
    policies: tuple[CompiledPolicy, ...] = ()
    opaque: tuple[OpaquePolicy, ...] = ()
    doubt: Reason | None = None
    starts: list[int] = field(default_factory=list, compare=False)

    @property
    def isolated(self) -> bool:
        """Whether anything isolates the endpoints in this direction (NP-5)."""
        return bool(self.policies)

    @property
    def reason(self) -> Reason:
        """Why a verdict of this row is UNKNOWN, if it is."""
        if not self.opaque:
            return self.doubt or Reason.MISSING_NAMESPACE
        unreadable = any(p.kind_name == NetworkPolicy.kind for p in self.opaque)
        return Reason.UNREADABLE_POLICY if unreadable else Reason.VENDOR_POLICY

    def at(self, position: int) -> Planes:
        """Who is allowed on a port."""
        i = bisect_right(self.starts, position) - 1
        if i < 0 or self.row[i].span.last < position:
            return Planes(NOBODY, NOBODY)
        return self.row[i].planes


class _Key(NamedTuple):
    """What a profile hangs on in its namespace: policies by their place there, and its classes."""

    policies: tuple[int, ...]
    ports: Ports | None
    doubt: Reason | None


class _InForce(NamedTuple):
    """A policy with the classes that it selects, and whom its rules name, as that is asked for."""

    members: int
    policy: CompiledPolicy
    resolves: bool
    planes: dict[int, Planes]


class Profiles:
    """The profiles of one direction. Policies come and go; profiles are worked out on demand."""

    def __init__(self, identity: Identity, direction: Direction) -> None:
        self.compiler, self.direction = Compiler(identity), direction
        self._identity, self._classes, self._graph = identity, identity.classes, identity.graph
        self._policies: defaultdict[str, dict[Ref, CompiledPolicy]] = defaultdict(dict)
        self._opaque: defaultdict[str, dict[Ref, OpaquePolicy]] = defaultdict(dict)
        self._of_class: dict[int, Profile] = {}
        self._known: defaultdict[str, dict[_Key, Profile]] = defaultdict(dict)
        self._selecting: dict[str, list[_InForce]] = {}
        self._generation = 0
        self._isolated: int | None = None

    def put(self, policy: NetworkPolicy) -> None:
        """A policy that isolates in this direction."""
        compiled = self.compiler.compile(policy, self.direction)
        self._policies[policy.namespace][policy.ref] = compiled
        self._renew(compiled)

    def drop(self, policy: NetworkPolicy) -> None:
        """The reverse of `put`."""
        self._renew(self._policies[policy.namespace].pop(policy.ref))

    def heed(self, policy: OpaquePolicy) -> None:
        """A policy that may open or shut anything in its namespace, or everywhere."""
        self._opaque[policy.namespace][policy.ref] = policy
        self.renew()

    def unheed(self, policy: OpaquePolicy) -> None:
        """The reverse of `heed`."""
        del self._opaque[policy.namespace][policy.ref]
        self.renew()

    def renew(self) -> None:
        """Work all profiles out anew when next they are asked for."""
        self._of_class.clear()
        self._known.clear()
        self._selecting.clear()
        self._isolated = None

    def of(self, number: int) -> Profile:
        """The profile of a class."""
        self._graph.saw(number)
        self._fresh()
        found = self._of_class.get(number)
        if found is None:
            found = self._of_class[number] = self._find(self._classes.by_number[number])
        return found

    @property
    def all(self) -> list[Profile]:
        """Every profile that some class has, each once."""
        found = {id(profile): profile for profile in map(self.of, self._classes.by_number)}
        return list(found.values())

    @property
    def opaque_everywhere(self) -> bool:
        """Whether a policy that is not understood reaches over the whole cluster (UNK-2)."""
        self._graph.saw(OpaquePolicy)
        return bool(self._opaque.get(""))

    def compiled(self, policy: NetworkPolicy) -> CompiledPolicy | None:
        """A policy as it is compiled here; None where it does not isolate in this direction."""
        return self._policies.get(policy.namespace, {}).get(policy.ref)

    @property
    def isolated(self) -> int:
        """The classes that some policy isolates in this direction (NP-5)."""
        self._fresh()
        if self._isolated is None:
            self._isolated = 0
            for namespace in self._policies:
                self._isolated |= self.subjects(namespace)
        return self._isolated

    @property
    def opaque(self) -> int:
        """The classes that policies which are not understood may concern."""
        if self.opaque_everywhere:
            return -1
        found = 0
        for namespace, policies in self._opaque.items():
            found |= self._classes.in_namespace.get(namespace, 0) if policies else 0
        return found

    def _fresh(self) -> None:
        if self._generation != self._classes.generation:
            self._generation = self._classes.generation
            self.renew()

    def _renew(self, compiled: CompiledPolicy) -> None:
        """A policy came or went."""
        self._fresh()
        namespace = compiled.policy.namespace
        for number in bits.members(self._identity.members(compiled.subject)[0]):
            self._of_class.pop(number, None)
        self._known.pop(namespace, None)
        self._selecting.pop(namespace, None)
        if self._isolated is not None:
            own = self._classes.in_namespace.get(namespace, 0)
            self._isolated = self._isolated & ~own | self.subjects(namespace)

    def subjects(self, namespace: str, besides: Container[Ref] = ()) -> int:
        """The classes of a namespace that its policies isolate, or its policies but some."""
        found = 0
        for members, compiled, *_ in self._in_force(namespace):
            found |= members if compiled.policy.ref not in besides else 0
        return found

    def _in_force(self, namespace: str) -> list[_InForce]:
        """The policies of a namespace by name."""
        self._fresh()
        found = self._selecting.get(namespace)
        if found is None:
            own = sorted(self._policies[namespace].items()) if namespace in self._policies else ()
            found = self._selecting[namespace] = [self._selected(each) for _, each in own]
        return found

    def _selected(self, policy: CompiledPolicy) -> _InForce:
        resolves = self.direction == "ingress" and policy.uses_names
        return _InForce(self._identity.members(policy.subject)[0], policy, resolves, {})

    def _find(self, own: PodClass) -> Profile:
        """Each distinct profile is built once; named ingress ports make it the class's own."""
        in_force, number = self._in_force(own.namespace), own.number
        places = tuple(i for i, each in enumerate(in_force) if each.members >> number & 1)
        resolves = any(in_force[i].resolves for i in places)
        key = _Key(places, own.ports if resolves else None, own.doubt)
        known = self._known[own.namespace]
        found = known.get(key)
        if found is None:
            found = known[key] = self._profile([in_force[i] for i in places], own)
        return found

    def _heard(self, namespace: str) -> list[OpaquePolicy]:
        return [policy for _, policy in sorted(self._opaque.get(namespace, {}).items())]

    def _profile(self, in_force: list[_InForce], own: PodClass) -> Profile:
        policies = tuple(each.policy for each in in_force)
        opaque = tuple(p for home in ("", own.namespace) for p in self._heard(home))
        if opaque:  # they may open as well as shut
            row: tuple[Cell, ...] = (Cell(ALL_PORTS, Planes(NOBODY, EVERYBODY)),)
            return Profile(row, policies, opaque, own.doubt, [0])
        if not policies:  # NP-6
            return _OPEN
        pieces = [  # NP-9: the union over all policies
            (opening.span, opening.planes)
            for _, policy, _, planes in in_force
            for opening in self.compiler.openings(policy, self.direction, own.number, planes)
        ]
        if own.doubt:  # whoever is shut out may come in past the policies
            pieces.append((ALL_PORTS, Planes(NOBODY, EVERYBODY)))
        row = tuple(Cell(piece, planes) for piece, planes in overlay(pieces, Planes.__or__))
        return Profile(row, policies, (), own.doubt, [cell.span.first for cell in row])


_OPEN = Profile((Cell(ALL_PORTS, ANYONE),), starts=[0])
