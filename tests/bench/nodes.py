"""Nodes, and the addresses of a cluster: one /24 of pods a node."""

from random import Random

from reachaudit.model.facts import Node
from reachaudit.model.ip import Address, Block, parse_block


def block(text: str) -> Block:
    """A CIDR that is well written."""
    found = parse_block(text)
    assert found is not None, text
    return found


POD_RANGE = block("10.128.0.0/9")
NODE_RANGE = block("172.16.0.0/12")
SERVICE_RANGE = block("10.96.0.0/12")
BALANCER_RANGE = block("198.18.0.0/16")
_EXTERNAL_RANGE = block("198.19.0.0/16")
_EDGE = 50  # one node in so many has an address in the internet
_NODE_SIZE = 256


class Nodes:
    """All nodes, and who lives where."""

    def __init__(self, count: int, random: Random) -> None:
        self._random = random
        self.all = tuple(map(_node, range(count)))
        self._taken = [0] * count

    @property
    def pod_range(self) -> Block:
        """The addresses from the first node's pods to the last node's."""
        return Block("IPv4", self.all[0].pod_blocks[0].first, self.all[-1].pod_blocks[0].last)

    def place(self) -> tuple[Node, Address]:
        """A random node, and the next free address of its pod range."""
        number = self._random.randrange(len(self.all))
        self._taken[number] += 1
        assert self._taken[number] < _NODE_SIZE - 1, "more pods than a node has addresses"
        node = self.all[number]
        return node, Address("IPv4", node.pod_blocks[0].first + self._taken[number])


def _node(number: int) -> Node:
    inside = Address("IPv4", NODE_RANGE.first + 1 + number)
    outside = Address("IPv4", _EXTERNAL_RANGE.first + 1 + number // _EDGE)
    first = POD_RANGE.first + number * _NODE_SIZE
    edge = number % _EDGE == 0
    return Node(
        "",
        f"node-{number:04}",
        addresses=(inside, outside) if edge else (inside,),
        external=(outside,) if edge else (),
        pod_blocks=(Block("IPv4", first, first + _NODE_SIZE - 1),),
    )
