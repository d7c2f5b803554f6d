"""The world outside: all addresses that are no pod's, node's or Service's (EXT-1)."""

from collections.abc import Iterable, Iterator

from reachaudit.model.facts import Service, ServiceCIDR
from reachaudit.model.ip import Address, Block, Family, single
from reachaudit.model.store import Facts
from reachaudit.reach import bits
from reachaudit.reach.addresses import cidrs, merge, minus, overlap
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party
from reachaudit.reach.zones import ZONES, Zone, in_zone, zone_of

_SHOWN = 3


def cluster_blocks(facts: Facts, identity: Identity) -> list[Block]:
    """The cluster's own addresses: pods, pod ranges, nodes, Service ranges, VIPs (EXT-1, EXT-3).

    A Service range counts while it is Ready or used: one that ends is used to its end (EXT-4).
    """
    found = [single(a) for pod in identity.pods for a in pod.addresses if a.placed]
    for node in identity.nodes.values():
        found += [single(address) for address in node.addresses]
        found += node.pod_blocks
    services = list(facts.of(Service))
    held = [address for service in services for address in service.cluster_ips]
    for cidr in facts.of(ServiceCIDR):
        used = any(block.holds(address) for block in cidr.blocks for address in held)
        found += cidr.blocks if cidr.ready or used else ()
    found += map(single, held)
    for service in services:  # EXT-1: captured before they could leave
        found += [single(b.address) for b in service.balancers if b.vip and b.address]
    return merge(found)


class Outside:
    """Addresses outside, one party for each signature: all that a policy can tell apart.

    `cluster` are the cluster's own addresses.
    """

    def __init__(self, facts: Facts, identity: Identity) -> None:
        self._identity = identity
        self.cluster = cluster = cluster_blocks(facts, identity)
        self._blocks: dict[int, list[Block]] = {}
        for signature in bits.members(identity.signatures.all):
            left = minus(identity.signatures.spans(signature), cluster)
            if left:
                self._blocks[signature] = left
        self._zones: dict[tuple[Zone, Family], list[Party]] = {}
        self._zone_names: dict[tuple[int, Family], tuple[str, ...]] = {}

    def nobody(self, party: Party) -> bool:
        """Whether an address of the cluster's own ranges is held by no pod and no node (EXT-1)."""
        return not party.node and any(block.holds(party.address) for block in self.cluster)

    def within(self, blocks: Iterable[Block], family: Family) -> list[Party]:
        """A party for each signature that occurs in some blocks, wherever these lie."""
        signatures = self._identity.signatures
        parts = (
            (signature, overlap(signatures.spans(signature), blocks))
            for signature in bits.members(signatures.of_family[family])
        )
        return [self._party(signature, part) for signature, part in parts if part]

    def all(self, family: Family) -> list[Party]:
        """A party for each signature that occurs outside."""
        return [
            self._party(signature, blocks)
            for signature, blocks in self._blocks.items()
            if blocks[0].family == family
        ]

    def zone(self, zone: Zone, family: Family) -> list[Party]:
        """A party for each signature that occurs in a zone."""
        key = zone, family
        if key not in self._zones:
            parts = [(s, in_zone(zone, blocks)) for s, blocks in self._blocks.items()]
            self._zones[key] = [
                self._party(signature, blocks)
                for signature, blocks in parts
                if blocks and blocks[0].family == family
            ]
        return self._zones[key]

    def zones_of(self, signatures: int, family: Family, cluster: list[Block]) -> tuple[str, ...]:
        """The zones that addresses outside lie in, and which of them where they are few.

        `cluster`: addresses that were the cluster's own before, and count as such.
        """
        key = signatures, family
        if key not in self._zone_names or cluster is not self.cluster:
            spans = (
                b for n in bits.members(signatures) for b in self._identity.signatures.spans(n)
            )
            left = minus(spans, [*self.cluster, *cluster])
            self._zone_names[key] = tuple(_zone_names(left, family))
        return self._zone_names[key]

    @staticmethod
    def _party(signature: int, blocks: list[Block]) -> Party:
        """Somebody at an address in the middle: edges are often special."""
        block = max(blocks, key=lambda b: b.last - b.first)
        return Party(Address(block.family, (block.first + block.last) // 2), signature)


def _zone_names(blocks: list[Block], family: Family) -> Iterator[str]:
    for zone in ZONES:
        found = [c for block in in_zone(zone, blocks) for c in cidrs(block) if c.family == family]
        if found:
            few = f" ({', '.join(map(str, found))})" if len(found) <= _SHOWN else ""
            yield f"{zone}{few}"


def is_routed(setting: str, address: Address) -> bool:
    """Whether a client outside has a route to a range inside (EXT-12, SVC-23)."""
    return setting == "true" or (setting == "private" and zone_of(address) == "private")


def allows(ranges: Iterable[Block], address: Address) -> bool:
    """Whether source ranges let an address in; none of its family is no limit (SVC-36)."""
    own = [block for block in ranges if block.family == address.family]
    return not own or any(block.holds(address) for block in own)
