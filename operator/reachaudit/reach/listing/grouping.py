"""Pods grouped otherwise than by their workloads: one by one, or by namespace.

A pod's owner alone says which workload it is of, and no policy looks at it. So whoever is asked
about other groups is asked about the same pods with other owners.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Literal, get_args

import msgspec

from reachaudit.model.facts import Fact, Owner, Pod
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.reachability import Reachability

By = Literal["pod", "workload", "namespace"]
GROUPS: tuple[By, ...] = get_args(By)  # the finest first
SPACE = "Namespace"


def grouped(facts: Facts, by: By, apart: Mapping[Ref, By]) -> Facts:
    """The same cluster with pods grouped; those `apart` otherwise than the rest."""
    if by == "workload" and not apart:
        return facts
    return Facts(_regrouped(fact, apart.get(fact.ref, by)) for fact in facts)


def _regrouped(fact: Fact, by: By) -> Fact:
    if not isinstance(fact, Pod) or by == "workload":
        return fact
    owner = Owner(SPACE, fact.namespace) if by == "namespace" else None
    return msgspec.structs.replace(fact, owner=owner)


def apart(reach: Reachability, by: By, meant: Iterable[Set[Ref]]) -> dict[Ref, By]:
    """The pods whose group holds others than some set of pods that is meant, with the coarsest
    grouping that does not.
    """
    found: dict[Ref, By] = {}
    for pods in meant:
        for pod, own in _coarsest(reach, by, pods).items():
            found[pod] = min(own, found.get(pod, by), key=GROUPS.index)
    return {pod: own for pod, own in found.items() if own != by}


def _coarsest(reach: Reachability, by: By, pods: Set[Ref]) -> dict[Ref, By]:
    """For each pod the coarsest grouping, no coarser than asked for, that keeps to the set."""
    workloads = reach.identity.workloads
    others = [pod.ref for pod in reach.identity.pods if pod.ref not in pods]
    spaces, mixed = {pod.namespace for pod in others}, {workloads[pod] for pod in others}
    found: dict[Ref, By] = {}
    for pod in pods:
        own: By = "namespace" if pod.namespace not in spaces else "workload"
        own = "pod" if workloads[pod] in mixed else own
        found[pod] = min(own, by, key=GROUPS.index)
    return found
