"""Places: who stands at which address."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeVar

from reachaudit.model.facts import Fact, Node, Pod
from reachaudit.model.ip import Address, Block, Family

F = TypeVar("F", bound=Fact)
_Near = tuple[Family, int]
# Neighbours share a shelf: the pods of a node, mostly.
_SHELF: dict[Family, int] = {"IPv4": 8, "IPv6": 64}


class Places:
    """Pods and nodes by address. Of several at one address the last by name is found."""

    def __init__(self) -> None:
        self._pods: defaultdict[_Near, dict[Address, Pod]] = defaultdict(dict)
        self._rivals: dict[Address, list[Pod]] = {}
        self._guests: dict[Address, list[Pod]] = {}
        self._nodes: dict[Address, list[Node]] = {}

    def put_pod(self, pod: Pod) -> None:
        """A pod with addresses of its own."""
        for address in _placed(pod):
            shelf = self._pods[_near(address)]
            there = shelf.setdefault(address, pod)
            if there is not pod:
                rivals = self._rivals.setdefault(address, [there])
                rivals.append(pod)
                rivals.sort(key=lambda p: p.ref)
                shelf[address] = rivals[-1]

    def drop_pod(self, pod: Pod) -> None:
        """The reverse of `put_pod`."""
        for address in _placed(pod):
            near = _near(address)
            rivals = self._rivals.get(address)
            if rivals:
                rivals[:] = [other for other in rivals if other.ref != pod.ref]
                self._pods[near][address] = rivals[-1]
                if len(rivals) == 1:
                    del self._rivals[address]
                continue
            del self._pods[near][address]
            if not self._pods[near]:
                del self._pods[near]

    def replace(self, old: Pod, new: Pod, *, guest: bool) -> None:
        """The same pod at the same addresses, otherwise changed."""
        if guest:
            self.drop_guest(old)
            self.put_guest(new)
        else:
            self.drop_pod(old)
            self.put_pod(new)

    def put_guest(self, pod: Pod) -> None:
        """A pod on its node's network: its node goes before it."""
        for address in _placed(pod):
            guests = self._guests.setdefault(address, [])
            guests.append(pod)
            guests.sort(key=lambda p: p.ref)

    def drop_guest(self, pod: Pod) -> None:
        """The reverse of `put_guest`."""
        for address in _placed(pod):
            _drop(self._guests, address, pod)

    def put_node(self, node: Node) -> None:
        """A node at its addresses."""
        for address in _placed(node):
            nodes = self._nodes.setdefault(address, [])
            nodes.append(node)
            nodes.sort(key=lambda n: n.name)

    def drop_node(self, node: Node) -> None:
        """The reverse of `put_node`."""
        for address in _placed(node):
            _drop(self._nodes, address, node)

    def at(self, address: Address) -> Pod | Node | None:
        """Who stands there: a pod of its own, then a node, then a pod on its node's network."""
        shelf = self._pods.get(_near(address))
        pod = shelf.get(address) if shelf else None
        if pod is not None:
            return pod
        if address in self._nodes:
            return self._nodes[address][-1]
        return self._guests[address][-1] if address in self._guests else None

    def within(self, block: Block) -> Iterator[tuple[Address, Pod]]:
        """The pods with an address of their own in a block; rivals too."""
        for near in self._shelves(block):
            for address, pod in self._pods[near].items():
                if block.holds(address):
                    for each in self._rivals.get(address, (pod,)):
                        yield address, each

    def count(self, block: Block) -> int:
        """About how many pods are in a block: whole shelves are counted."""
        return sum(len(self._pods[near]) for near in self._shelves(block))

    def _shelves(self, block: Block) -> list[_Near]:
        family, bits = block.family, _SHELF[block.family]
        first, last = block.first >> bits, block.last >> bits
        if last - first < len(self._pods):
            return [near for i in range(first, last + 1) if (near := (family, i)) in self._pods]
        return [near for near in self._pods if near[0] == family and first <= near[1] <= last]


def _near(address: Address) -> _Near:
    return address.family, address.value >> _SHELF[address.family]


def _placed(who: Pod | Node) -> Sequence[Address]:
    """The addresses of a pod or node, each once, as far as they are known."""
    found = [address for address in who.addresses if address.placed]
    return found if len(found) < 2 else list(dict.fromkeys(found))


def _drop(held: dict[Address, list[F]], address: Address, gone: F) -> None:
    held[address] = [other for other in held[address] if other.ref != gone.ref]
    if not held[address]:
        del held[address]
