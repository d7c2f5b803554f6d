"""Places: ends of connections by name, so that they are found again in another state."""

from collections.abc import Iterable
from typing import NamedTuple

from reachaudit.model.facts import Node, Pod
from reachaudit.model.ip import FAMILIES, Address, Block, Family
from reachaudit.model.names import Ref
from reachaudit.reach.party import Party
from reachaudit.reach.reachability import Reachability


class Spot(NamedTuple):
    """A pod, a node, or addresses that no pod and no node holds, in one family.

    `address`: the one that is meant of a node; None for any of them. `blocks`: where neither pod
    nor node is meant.
    """

    family: Family
    pod: Ref | None = None
    node: str = ""
    address: Address | None = None
    blocks: tuple[Block, ...] = ()

    def parties(self, reach: Reachability) -> list[Party]:
        """Who is there in a state: nobody where it is gone."""
        identity = reach.identity
        if self.pod is not None:
            pod = reach.facts.get(Pod, self.pod)
            return identity.pod_parties(pod, self.family) if pod and pod.live else []
        if self.node:
            node = identity.nodes.get(self.node)
            own = identity.node_parties(node, self.family) if node else []
            return [party for party in own if self.address in (None, party.address)]
        if len(self.blocks) == 1 and self.blocks[0].first == self.blocks[0].last:
            return [identity.at(Address(self.family, self.blocks[0].first))]
        outside = reach.outside.among(self.blocks, self.family)
        return outside or [identity.at(Address(self.family, self.blocks[0].first))]


def of_pods(pods: Iterable[Pod]) -> list[Spot]:
    """A spot for each pod and family."""
    return [Spot(a.family, pod.ref) for pod in pods for a in pod.addresses]


def of_node(node: Node) -> list[Spot]:
    """A spot for each family of a node's addresses."""
    return [Spot(family, node=node.name) for family in FAMILIES if _has(node, family)]


def at_address(reach: Reachability, address: Address) -> Spot:
    """The pod or node that holds an address, else the address itself (EXT-3)."""
    party = reach.identity.at(address)
    if party.pod is not None:
        return Spot(address.family, party.pod.ref)
    if party.node:
        return Spot(address.family, node=party.node, address=address)
    return Spot(address.family, blocks=(Block(address.family, address.value, address.value),))


def in_blocks(reach: Reachability, blocks: list[Block]) -> list[Spot]:
    """Who is outside among some addresses: those that policies cannot tell apart are one spot."""
    return [
        Spot(family, blocks=tuple(part))
        for family in FAMILIES
        for part in reach.outside.shares(blocks, family)
    ]


def inside_block(reach: Reachability, block: Block) -> list[Spot]:
    """The pods and nodes that hold an address of a block."""
    held = [a for pod in reach.identity.pods for a in pod.addresses]
    held += [a for node in reach.identity.nodes.values() for a in node.addresses]
    return list(dict.fromkeys(at_address(reach, a) for a in held if block.holds(a)))


def _has(node: Node, family: Family) -> bool:
    return any(address.family == family for address in node.addresses)
