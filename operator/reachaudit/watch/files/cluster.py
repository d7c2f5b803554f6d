"""What a cluster would add to what files say: pods, and what these and others are given (M-9).

An object with a UID is from a cluster, which has given it all that it would: it is taken as it is.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from reachaudit.model.facts import (
    SOME_NODE,
    EndpointSlice,
    Fact,
    Ingress,
    NetworkPolicy,
    Node,
    Pod,
    Selector,
    Service,
)
from reachaudit.model.ip import Address
from reachaudit.model.names import Ref
from reachaudit.model.parse import Item
from reachaudit.model.store import Facts
from reachaudit.watch.files.allocation import Asked, allocated, balanced, families_of, unplaced
from reachaudit.watch.files.mirrored import Endpoints
from reachaudit.watch.files.pods import controller_of, pods_of
from reachaudit.watch.files.scalers import Scaler
from reachaudit.watch.files.templates import Workload


class Settled(NamedTuple):
    """The facts of a cluster, and sentences that say what was taken for granted."""

    facts: Facts
    assumptions: tuple[str, ...]


def settled(items: Sequence[Item]) -> Settled:
    """What the objects of files mean once a cluster has them."""
    facts = [item.fact for item in items if item.fact is not None]
    workloads = [fact for fact in facts if isinstance(fact, Workload)]
    cluster = _Cluster(facts)
    found = [
        fact
        for item in items
        if item.fact is not None
        for fact in cluster.given(item.fact, whole=bool(item.uid))
    ]
    # Those whose pods have names of their own choose first.
    for workload in sorted(workloads, key=lambda w: (w.first is None, w.ref)):
        found += cluster.made(workload)
    found += cluster.nodes()
    return Settled(Facts(found), cluster.assumptions())


class _Cluster:
    """What all objects together say of the cluster that they are for."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._nodes = [fact for fact in facts if isinstance(fact, Node)]
        self._families = families_of(facts)
        self._addresses = unplaced(self._families)
        self._owners = set(_owners(facts))
        self._spoken = set(_spoken(facts))
        self._names = {(f.namespace, f.name) for f in facts if isinstance(f, Pod)}
        self._mirrored = _mirrored(facts)
        self._most = {fact.target: fact.most for fact in facts if isinstance(fact, Scaler)}
        self._running = self._balancers = 0

    def given(self, fact: Fact, *, whole: bool) -> Iterator[Fact]:
        """An object with what a cluster gives it; what it makes of workloads comes apart."""
        match fact:
            case Workload() | Scaler():
                return
            case Asked():
                yield self._service(fact, whole=whole)
            case Endpoints():
                yield from fact.slices if (fact.namespace, fact.name) in self._mirrored else ()
            case Ingress() if not whole:
                yield balanced(fact)
            case Node() if not fact.addresses:
                yield replace(fact, addresses=self._addresses)
            case Pod() if not (whole or fact.phase or fact.addresses):
                yield self._run(fact)
            case _:
                yield fact

    def made(self, workload: Workload) -> Iterator[Fact]:
        """A controller's pods, unless the input has them, or controllers between them and it."""
        if workload.kind_name in ("ReplicaSet", "Job"):
            yield controller_of(workload)
        if workload.ref in self._owners:
            return
        if workload.replicas:  # an autoscaler leaves alone what is scaled to nothing
            most = self._most.get(workload.ref, workload.replicas)
            workload = replace(workload, replicas=max(most, 1))
        for pod in pods_of(workload, len(self._nodes), self._spoken, self._names):
            self._names.add((pod.namespace, pod.name))
            yield self._run(pod)

    def nodes(self) -> list[Node]:
        """The node that stands for all where none is known."""
        return [] if self._nodes else [Node("", SOME_NODE, self._addresses)]

    def assumptions(self) -> tuple[str, ...]:
        """What is taken for granted, each as one sentence."""
        found = []
        if self._running:
            families = " and ".join(self._families)
            found.append(f"pods without a status run, are ready and have {families} addresses")
        if self._running and len(self._nodes) == 1:
            found.append(f"pods that name no node run on {self._nodes[0].name}, the only one given")
        if self._balancers:
            found.append("load balancers without a status get an address")
        return tuple(found)

    def _service(self, asked: Asked, *, whole: bool) -> Service:
        if whole:
            return asked.service
        service = allocated(asked, self._families)
        self._balancers += len(service.balancers) - len(asked.service.balancers)
        return service

    def _run(self, pod: Pod) -> Pod:
        """A pod as it will be: it runs and is ready (SVC-12), at addresses that are not known."""
        self._running += 1
        node = pod.node or (self._nodes[0].name if len(self._nodes) == 1 else SOME_NODE)
        addresses = self._addresses
        if pod.host_network:
            addresses = self._host_addresses(node) or addresses
        return replace(pod, node=node, addresses=addresses, phase="Running", ready=True)

    def _host_addresses(self, name: str) -> tuple[Address, ...]:
        """The first address of each family that a node has."""
        found = {a.family: a for n in self._nodes if n.name == name for a in n.addresses[::-1]}
        return tuple(found[family] for family in self._families if family in found)


def _mirrored(facts: Sequence[Fact]) -> set[tuple[str, str]]:
    """The Services whose Endpoints a cluster mirrors: without a selector, and without slices."""
    sliced = {(fact.namespace, fact.service) for fact in facts if isinstance(fact, EndpointSlice)}
    return {
        (fact.namespace, fact.name)
        for fact in facts
        if isinstance(fact, Asked) and not fact.service.selector
    } - sliced


def _owners(facts: Sequence[Fact]) -> Iterator[Ref]:
    """The controllers of which the input has what they made."""
    for fact in facts:
        owner = fact.owner if isinstance(fact, Pod | Workload) else None
        if owner is not None:
            yield Ref(owner.kind, fact.namespace, owner.name)


def _spoken(facts: Sequence[Fact]) -> Iterator[str]:
    """The label values that selectors of pods name."""
    for fact in facts:
        if isinstance(fact, Asked):
            yield from (value for _, value in fact.service.selector)
        elif isinstance(fact, NetworkPolicy):
            for selector in _selectors(fact):
                yield from (value for _, value in selector.labels)
                for requirement in selector.expressions:
                    yield from requirement.values


def _selectors(policy: NetworkPolicy) -> Iterator[Selector]:
    yield policy.subject
    for rule in (*policy.ingress, *policy.egress):
        yield from (peer.pods for peer in rule.peers or () if peer.pods)
