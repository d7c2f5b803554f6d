"""The scope of changes: the workloads to or from which flows may change."""

from collections.abc import Sequence

from reachaudit.model.facts import (
    Controller,
    Direction,
    Fact,
    Namespace,
    NetworkPolicy,
    OpaquePolicy,
    Pod,
)
from reachaudit.model.ip import Address
from reachaudit.model.names import Ref
from reachaudit.model.store import Change
from reachaudit.reach import bits
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
        # ReplicaSets and Jobs as they will be, which name the workloads of their pods.
        self._coming: dict[Ref, Controller | None] = {
            change.ref: change.new if isinstance(change.new, Controller) else None
            for change in changes
            if isinstance(change.new or change.old, Controller)
        }

    def scope(self) -> Scope:
        for change in self._changes:
            self._add(change)
        many = len(self._targets) * _MANY > len(self._classes.of_workload)
        return Scope(None if many else frozenset(self._targets), frozenset(self._sources))

    def _add(self, change: Change) -> None:
        match change.new if change.new is not None else change.old:
            case NetworkPolicy() | OpaquePolicy():
                self._add_policy(change)
            case Pod():
                old, new = change.old, change.new
                assert old is None or isinstance(old, Pod)
                assert new is None or isinstance(new, Pod)
                self._add_pod(old, new)
            case Namespace(name=name):
                self._both(self._classes.in_namespace.get(name, 0))
            case Controller():
                self._add_controller(change.ref)

    def _add_policy(self, change: Change) -> None:
        directions: tuple[Direction, Direction] = ("ingress", "egress")
        old, new = change.old, change.new
        for direction in directions:
            found = self._targets if direction == "ingress" else self._sources
            if _effect(old, direction) != _effect(new, direction):
                for policy in (old, new):
                    if isinstance(policy, NetworkPolicy) and policy.isolates(direction):
                        item = self._reach.identity.item(subject_selector(policy))
                        found |= self._workloads(self._reach.identity.members(item)[0])
                    elif isinstance(policy, OpaquePolicy):
                        found |= self._workloads(self._concerned(policy))

    def _concerned(self, policy: OpaquePolicy) -> int:
        if not policy.namespace:
            return bits.of(self._classes.by_number)
        return self._classes.in_namespace.get(policy.namespace, 0)

    def _add_pod(self, old: Pod | None, new: Pod | None) -> None:
        if old and new and self._reach.identity.alike(old, new):
            return
        for pod, by in ((old, -1), (new, 1)):
            if pod is not None and pod.live and self._matters(pod, by):
                workload = workload_of(pod.namespace, pod.owner or pod.name, self._controller)
                known = self._reach.identity.workloads.get(pod.ref, workload)
                self._targets |= {workload, known}
                self._sources |= {workload, known}

    def _matters(self, pod: Pod, by: int) -> bool:
        """Whether flows may come or go with a pod: not if enough like it stay."""
        identity = self._reach.identity
        own = identity.class_for(pod)
        if own is None or self._coming:
            return True
        for family, value in pod.addresses:
            signature = identity.signatures.of(Address(family, value))
            few = own.pods[family] <= (2 if by < 0 else 1)
            first = own.held.get(signature, 0) <= (by < 0)
            if few or (first and self._reach.rows.tells(own, signature, family)):
                return True
        return False

    def _controller(self, ref: Ref) -> Controller | None:
        if ref in self._coming:
            return self._coming[ref]
        return self._reach.facts.get(Controller, ref)

    def _add_controller(self, ref: Ref) -> None:
        for template in self._reach.identity.owned_by(ref):
            coming = workload_of(template.kin.namespace, template.kin.owner, self._controller)
            self._targets |= {template.workload, coming}
            self._sources |= {template.workload, coming}

    def _both(self, classes: int) -> None:
        workloads = self._workloads(classes)
        self._targets |= workloads
        self._sources |= workloads

    def _workloads(self, classes: int) -> set[Workload]:
        return {self._classes.by_number[number].workload for number in bits.members(classes)}


def _effect(fact: Fact | None, direction: Direction) -> object:
    """All that a policy does in a direction."""
    if isinstance(fact, NetworkPolicy):
        isolates = fact.isolates(direction)
        return (fact.subject, fact.rules(direction)) if isolates else None
    return fact
