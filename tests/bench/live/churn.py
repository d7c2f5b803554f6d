"""Pods that roll: what a cluster writes while pods are replaced, one write at a time.

A pod is created, scheduled, started and ready, and its Services' slices list it; then an old one of
its workload leaves the slices, terminates and is gone. Many are replaced at the same time, each
taking its next step when all others have taken theirs.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count
from random import Random

from msgspec.structs import replace

from bench.clusters import Cluster
from bench.services import endpoint
from bench.workloads import pod_suffix
from reachaudit.model.facts import EndpointSlice, Fact, Pod
from reachaudit.model.ip import Address
from reachaudit.model.names import Ref

Write = Mapping[Ref, Fact | None]
"""Objects that are written at once; None: it is deleted."""

_AT_ONCE = 400  # pods that are being replaced: at 500 events/s a step follows in about a second
_PART = 4  # of all pods no more than one in so many
_SERIAL = 20_000_000  # serial numbers of the pods that come begin here
_RESERVED = 127  # of a node's 256 addresses: the upper half is for pods that come


class Churn:
    """A cluster's pods and slices as they roll. `facts`: those that have changed, as they are."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self._random, self._serial = Random(f"{seed} churn"), count(_SERIAL)
        self._nodes = cluster.nodes.all
        self._free = {node.name: deque(_upper(node.pod_blocks[0].last)) for node in self._nodes}
        pods = [p for w in cluster.workloads if w.kind == "Deployment" for p in w.pods]
        self._random.shuffle(pods)
        self._pods, self._at_once = deque(pods), min(_AT_ONCE, len(pods) // _PART)
        self._slices = {f.ref: f for f in cluster.facts if isinstance(f, EndpointSlice)}
        self._listed: dict[Ref, list[Ref]] = {pod.ref: [] for pod in pods}
        for piece in self._slices.values():
            for listed in piece.endpoints:
                if listed.pod in self._listed:
                    self._listed[listed.pod].append(piece.ref)
        self.facts: dict[Ref, Fact | None] = {}

    def writes(self) -> Iterator[Write]:
        """All that is written, without end: a pod each time, and the slices that list it."""
        active = deque(self._replacement() for _ in range(self._at_once))
        while True:
            steps = active.popleft()
            write = next(steps, None)
            if write is None:
                active.append(self._replacement())
                continue
            active.append(steps)
            self.facts.update(write)
            yield write

    def _replacement(self) -> Iterator[Write]:
        """One takes the place of the pod that has lived longest."""
        old = self._pods.popleft()
        new = self._successor(old)
        pending = replace(new, node="", addresses=(), phase="Pending", ready=False)
        yield {new.ref: pending}
        yield {new.ref: replace(pending, node=new.node)}
        yield {new.ref: replace(new, ready=False)}
        yield {new.ref: new, **self._relisted(old, new)}
        yield {old.ref: replace(old, terminating=True), **self._relisted(old, None)}
        yield {old.ref: None}
        self._listed[new.ref] = self._listed.pop(old.ref)
        self._pods.append(new)

    def _successor(self, old: Pod) -> Pod:
        node = self._random.choice(self._nodes)
        free = self._free[node.name]
        free.rotate(-1)
        name = f"{old.name.rpartition('-')[0]}-{pod_suffix(next(self._serial))}"
        address = Address("IPv4", free[-1])
        return replace(old, name=name, node=node.name, addresses=(address,), ready=True)

    def _relisted(self, old: Pod, new: Pod | None) -> Write:
        """The slices of a pod with another beside it, or without it."""
        for ref in self._listed[old.ref]:
            piece = self._slices[ref]
            kept = tuple(e for e in piece.endpoints if new or e.pod != old.ref)
            added = (endpoint(new),) if new else ()
            self._slices[ref] = replace(piece, endpoints=kept + added)
        return {ref: self._slices[ref] for ref in self._listed[old.ref]}


def _upper(last: int) -> range:
    return range(last - _RESERVED, last)
