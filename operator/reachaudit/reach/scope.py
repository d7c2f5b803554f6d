"""The scope of changes: the workloads to or from which flows may change."""

from collections.abc import Mapping, Sequence

from reachaudit.model.facts import (
    Controller,
    Direction,
    Fact,
    Namespace,
    NetworkPolicy,
    Node,
    OpaquePolicy,
    Pod,
)
from reachaudit.model.ip import FAMILIES, Family
from reachaudit.model.names import Ref
from reachaudit.model.store import Change
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.picture import Scope
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.vocabulary import subject_selector
from reachaudit.reach.workloads import Workload, workload_of

_MANY = 5  # more than one in so many workloads: then all of them are looked at


def scope_of(reach: Reachability, changes: Sequence[Change]) -> Scope:
    """The scope of changes that have been learned and not yet taken over."""
    return _Scoping(reach, changes).scope()


class _Scoping:
    def __init__(self, reach: Reachability, changes: Sequence[Change]) -> None:
        self._reach, self._changes = reach, changes
        self._classes = reach.identity.classes
        self._targets, self._sources = set[Workload](), set[Workload]()
        self._moved, self._governed = False, 0
        self._balance: dict[int, dict[tuple[Family, int], int]] = {}
        # ReplicaSets and Jobs as they will be, which name the workloads of their pods.
        self._coming: dict[Ref, Controller | None] = {
            change.ref: change.new if isinstance(change.new, Controller) else None
            for change in changes
            if isinstance(change.new or change.old, Controller)
        }

    def scope(self) -> Scope:
        for change in self._changes:
            self._add(change)
        for number, balance in self._balance.items():
            own = self._classes.by_number[number]
            if self._matters(own, balance):
                self._move({own.workload})
        many = len(self._targets) * _MANY > len(self._classes.of_workload) and self._moved
        targets = None if many else frozenset(self._targets)
        return Scope(targets, frozenset(self._sources), self._moved, self._governed)

    def _add(self, change: Change) -> None:
        match change.new if change.new is not None else change.old:
            case NetworkPolicy() | OpaquePolicy():
                self._add_policy(change)
            case Pod():
                old, new = change.old, change.new
                assert old is None or isinstance(old, Pod)
                assert new is None or isinstance(new, Pod)
                self._add_pod(old, new)
            case Node(name=name):
                if _windows(change.old) != _windows(change.new):
                    workloads = self._reach.identity.workloads
                    on_it = self._reach.identity.pods_on(name)
                    self._move({workloads[pod.ref] for pod in on_it})
            case Namespace(name=name):
                self._move(self._workloads(self._classes.in_namespace.get(name, 0)))
            case Controller():
                self._add_controller(change.ref)

    def _add_policy(self, change: Change) -> None:
        directions: tuple[Direction, Direction] = ("ingress", "egress")
        for direction in directions:
            found = self._targets if direction == "ingress" else self._sources
            old, new = (_effect(fact, direction) for fact in (change.old, change.new))
            if old != new:
                found |= self._workloads(self._concerned(change, direction))

    def _concerned(self, change: Change, direction: Direction) -> int:
        """The classes to which a policy that changed may mean something else now."""
        found = opened = 0
        for policy in (change.old, change.new):
            if isinstance(policy, NetworkPolicy) and policy.isolates(direction):
                item = self._reach.identity.item(subject_selector(policy))
                found |= self._reach.identity.members(item)[0]
                opened |= bool(policy.rules(direction))
            elif isinstance(policy, OpaquePolicy):
                found |= self._within_reach(policy)
                opened = True
        self._governed |= found
        # One without rules only shuts what no other policy has shut (NP-9).
        return found if opened else found & ~self._shut(change.ref.namespace, direction)

    def _shut(self, namespace: str, direction: Direction) -> int:
        """The classes that policies isolate which do not change."""
        profiles = self._reach.judge.profiles(direction)
        return profiles.subjects(namespace, besides={change.ref for change in self._changes})

    def _within_reach(self, policy: OpaquePolicy) -> int:
        if not policy.namespace:
            return bits.of(self._classes.by_number)
        return self._classes.in_namespace.get(policy.namespace, 0)

    def _add_pod(self, old: Pod | None, new: Pod | None) -> None:
        identity = self._reach.identity
        if old and new and identity.alike(old, new):
            return
        for pod, by in ((old, -1), (new, 1)):
            if pod is None or not pod.live or not identity.selectable(pod):
                continue
            own = identity.class_for(pod)
            if own is None or self._coming:
                coming = workload_of(pod.namespace, pod.owner or pod.name, self._controller)
                self._move({coming, identity.workloads.get(pod.ref, coming)})
                continue
            balance = self._balance.setdefault(own.number, {})
            for address in dict.fromkeys(pod.addresses):
                place = address.family, identity.signatures.of(address)
                balance[place] = balance.get(place, 0) + by

    def _matters(self, own: PodClass, balance: Mapping[tuple[Family, int], int]) -> bool:
        """Whether flows may come or go with some pods: not if enough like them stay."""
        for family in FAMILIES:
            before = own.pods[family]
            after = before + sum(by for (of, _), by in balance.items() if of == family)
            if min(before, 2) != min(after, 2):  # one alone has nobody like it to reach
                return True
        rows = self._reach.rows
        for (family, signature), by in balance.items():
            held = own.held.get(signature, 0)
            if bool(held) != bool(held + by) and rows.tells(own, signature, family):
                return True
            if min(held, 2) != min(held + by, 2) and rows.meets_itself_by_blocks(own):
                return True
        return False

    def _controller(self, ref: Ref) -> Controller | None:
        if ref in self._coming:
            return self._coming[ref]
        return self._reach.facts.get(Controller, ref)

    def _add_controller(self, ref: Ref) -> None:
        for template in self._reach.identity.owned_by(ref):
            coming = workload_of(template.kin.namespace, template.kin.owner, self._controller)
            self._move({template.workload, coming})

    def _move(self, workloads: set[Workload]) -> None:
        """Others' rules may name these otherwise."""
        self._targets |= workloads
        self._sources |= workloads
        self._moved = self._moved or bool(workloads)

    def _workloads(self, classes: int) -> set[Workload]:
        return {self._classes.by_number[number].workload for number in bits.members(classes)}


def _effect(fact: Fact | None, direction: Direction) -> object:
    """All that a policy does in a direction."""
    if isinstance(fact, NetworkPolicy):
        isolates = fact.isolates(direction)
        return (fact.subject, fact.rules(direction)) if isolates else None
    return fact


def _windows(fact: Fact | None) -> bool:
    return isinstance(fact, Node) and fact.other_platform
