"""The census of a state: workloads and nodes with their numbers, and the classes of pods."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from reachaudit.model.ip import UNPLACED, Address, Family
from reachaudit.model.names import Ref
from reachaudit.reach.classes import PodClass
from reachaudit.reach.flows import Index
from reachaudit.reach.listing.peers import Peers
from reachaudit.reach.profiles import Profile
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Reason


class Census:
    """Who there is in one state. `workloads`: by name, each with its classes of pods.

    `nodes`: those that are known, by name. One that stands for whichever nodes there are, as where
    files describe none, has no address and is none of them.
    """

    def __init__(self, reach: Reachability) -> None:
        self.reach, self._classes = reach, reach.identity.classes
        self._index = Index(self._classes)
        nodes = reach.identity.nodes.values()
        self.nodes = sorted(n.name for n in nodes if any(a.placed for a in n.addresses))
        self.peers = Peers(self._index.refs, self.nodes)
        self.workloads: list[tuple[Ref, list[PodClass]]] = [
            (workload.ref, [self._classes.by_number[number] for number in sorted(numbers)])
            for workload, numbers in sorted(self._classes.of_workload.items())
        ]

    def bit(self, own: Iterable[PodClass]) -> int:
        """The set of one workload, by its classes."""
        return 1 << min(each.number for each in own)

    def named(self, classes: int, family: Family) -> int:
        """The workloads that have pods of these classes in a family."""
        return self._index.named(classes & self._classes.present[family])

    def unplaced(self, family: Family) -> int:
        """The classes that have pods whose address is not known."""
        signature = self.reach.identity.signatures.of(Address(family, UNPLACED))
        return self._classes.holding.get(signature, 0)

    @staticmethod
    def doubt(profiles: Iterable[Profile]) -> Reason | None:
        """Why it is not sure what some profiles shut or allow; None where it is."""
        return next((p.reason for p in profiles if p.opaque or p.doubt), None)

    def nodes_of(self, own: PodClass) -> int:
        """The nodes that have pods of a class."""
        return self._nodes.get(own.number, 0)

    @cached_property
    def _nodes(self) -> dict[int, int]:
        identity, found, known = self.reach.identity, defaultdict[int, int](int), {*self.nodes}
        for pod in identity.pods:
            number = identity.number(pod)
            if number is not None and pod.node in known:
                found[number] |= 1 << self.peers.node(pod.node)
        return dict(found)
