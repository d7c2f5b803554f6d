"""The world outside: all addresses that are no pod's, node's or Service's (EXT-1)."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from reachaudit.model.facts import Fact, Node, Pod, Service, ServiceCIDR
from reachaudit.model.ip import FAMILIES, Address, Block, Family, everything, single
from reachaudit.model.store import Facts
from reachaudit.reach import bits
from reachaudit.reach.addresses import cidrs, merge, minus, overlap
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party
from reachaudit.reach.zones import BLOCKS, ZONES, Zone, zone_of

_SHOWN = 3
_BEYOND = 1 << 128


class Outside:
    """Addresses outside, one party for each signature: all that a policy can tell apart."""

    def __init__(self, facts: Facts, identity: Identity) -> None:
        self._facts, self._identity = facts, identity
        self._cluster: list[Block] = []
        self._ranges: list[Block] = []
        self._stale, self._moved = True, False
        self._parts: dict[Zone | None, dict[int, list[Block]]] = {}
        self._names: dict[tuple[int, Family], tuple[str, ...]] = {}
        self._clients: dict[tuple[Zone | None, Family], list[Party]] = {}
        self._among: dict[tuple[tuple[Block, ...], Family], list[Party]] = {}

    @property
    def cluster(self) -> list[Block]:
        """The cluster's own addresses: pods, pod ranges, nodes, Service ranges, VIPs (EXT-1)."""
        self._identity.graph.saw(Outside)
        self._settle()
        return self._cluster

    def change(self, old: Fact | None, new: Fact | None) -> None:
        """A fact is another: whether the cluster's addresses are others is seen in `settle`."""
        if self._stale:
            return
        before, after = _addresses(old), _addresses(new)
        moved = before.symmetric_difference(after)
        whole = isinstance(new or old, Node | ServiceCIDR)
        if (whole and _ranges(old) != _ranges(new)) or any(
            not _held(self._ranges, address) for address in moved
        ):
            self._stale = True

    def settle(self) -> bool:
        """Bring the cluster's addresses up to date; answer whether they are others than at the last
        asking: somebody may have looked at them meanwhile.
        """
        self._settle()
        moved, self._moved = self._moved, False
        return moved

    def _settle(self) -> None:
        if not self._stale:
            return
        self._stale = False
        before = self._cluster
        self._ranges = merge(self._known_ranges())
        strays = (single(a) for a in self._held_addresses() if not _held(self._ranges, a))
        self._cluster = merge([*self._ranges, *strays, *self._ending_ranges()])
        if self._cluster == before:
            self._cluster = before
        else:
            self._moved = True
            self.renew()

    def renew(self) -> None:
        """Signatures are others than before."""
        self._parts.clear()
        self._clients.clear()
        self._among.clear()
        self._names.clear()

    def nobody(self, party: Party) -> bool:
        """Whether an address of the cluster's own ranges is held by no pod and no node (EXT-1)."""
        return not party.node and _held(self.cluster, party.address)

    def within(self, blocks: Iterable[Block], family: Family) -> list[Party]:
        """A party for each signature that occurs in some blocks, wherever these lie."""
        signatures, wanted = self._identity.signatures, merge(blocks)
        parts = (
            overlap(signatures.spans(signature), wanted)
            for signature in bits.members(signatures.of_family[family])
        )
        return [_somebody(part) for part in parts if part]

    def all(self, family: Family) -> list[Party]:
        """A party for each signature that occurs outside."""
        return self._parties(None, family)

    def zone(self, zone: Zone, family: Family) -> list[Party]:
        """A party for each signature that occurs in a zone."""
        return self._parties(zone, family)

    def shares(self, blocks: Iterable[Block], family: Family) -> list[list[Block]]:
        """The part of some addresses that lies outside, a list for each signature."""
        parts = self._by_signature(minus(blocks, self.cluster)).values()
        return [part for part in parts if part[0].family == family]

    def among(self, blocks: tuple[Block, ...], family: Family) -> list[Party]:
        """A party for each signature that occurs outside among some addresses."""
        key = blocks, family
        self._identity.graph.saw(Outside)
        self._settle()  # which may clear what is known
        if key not in self._among:
            self._among[key] = [_somebody(part) for part in self.shares(blocks, family)]
        return self._among[key]

    def zones_of(self, signatures: int, family: Family, cluster: list[Block]) -> tuple[str, ...]:
        """The zones that addresses outside lie in, and which of them where they are few.

        `cluster`: addresses that were the cluster's own before, and count as such.
        """
        key = signatures, family
        if key not in self._names or cluster is not self.cluster:
            self._names[key] = tuple(self._named(signatures, family, cluster))
        return self._names[key]

    def _named(self, signatures: int, family: Family, cluster: list[Block]) -> Iterator[str]:
        for zone in ZONES:
            parts = self._in(zone)
            found = merge(b for n in bits.members(signatures) for b in parts.get(n, ()))
            if cluster is not self.cluster:
                found = minus(found, cluster)
            own = [c for block in found if block.family == family for c in cidrs(block)]
            if own:
                few = f" ({', '.join(map(str, own))})" if len(own) <= _SHOWN else ""
                yield f"{zone}{few}"

    def _parties(self, zone: Zone | None, family: Family) -> list[Party]:
        parts, key = self._in(zone), (zone, family)
        if key not in self._clients:
            own = (blocks for blocks in parts.values() if blocks[0].family == family)
            self._clients[key] = [_somebody(blocks) for blocks in own]
        return self._clients[key]

    def _in(self, zone: Zone | None) -> dict[int, list[Block]]:
        """The addresses outside, or of one zone of it, by signature."""
        cluster = self.cluster
        found = self._parts.get(zone)
        if found is None:
            there = BLOCKS[zone] if zone else [everything(family) for family in FAMILIES]
            found = self._parts[zone] = self._by_signature(minus(there, cluster))
        return found

    def _by_signature(self, blocks: list[Block]) -> dict[int, list[Block]]:
        signatures, found = self._identity.signatures, dict[int, list[Block]]()
        for signature in bits.members(signatures.all):
            part = overlap(signatures.spans(signature), blocks)
            if part:
                found[signature] = part
        return found

    def _known_ranges(self) -> Iterator[Block]:
        """Ranges of nodes and Services (EXT-3, EXT-4, EXT-5)."""
        yield from self._identity.pod_ranges
        for node in self._identity.nodes.values():
            yield from (single(address) for address in node.addresses if address.placed)
            yield from node.pod_blocks
        for cidr in self._facts.of(ServiceCIDR):
            yield from cidr.blocks if cidr.ready else ()

    def _ending_ranges(self) -> Iterator[Block]:
        """A Service range that ends is used to its end (EXT-4)."""
        ending = [cidr for cidr in self._facts.of(ServiceCIDR) if not cidr.ready]
        held = {a for s in self._facts.of(Service) for a in s.cluster_ips} if ending else set()
        for cidr in ending:
            if any(block.holds(address) for block in cidr.blocks for address in held):
                yield from cidr.blocks

    def _held_addresses(self) -> Iterator[Address]:
        for pod in self._identity.live():
            yield from _addresses(pod)
        for service in self._facts.of(Service):
            yield from _addresses(service)


def _addresses(fact: Fact | None) -> set[Address]:
    """The addresses that a pod or a Service holds; VIPs are captured before they leave (EXT-1)."""
    if isinstance(fact, Pod):
        return {a for a in fact.addresses if a.placed} if fact.live else set()
    if isinstance(fact, Service):
        captured = (b.address for b in fact.balancers if b.vip and b.address)
        return {a for a in (*fact.cluster_ips, *captured) if a.placed}
    return set()


def _ranges(fact: Fact | None) -> object:
    if isinstance(fact, Node):
        return fact.addresses, fact.pod_blocks
    return fact


def _held(blocks: list[Block], address: Address) -> bool:
    """Whether merged blocks hold an address."""
    i = bisect_right(blocks, (address.family, address.value, _BEYOND)) - 1
    return i >= 0 and blocks[i].holds(address)


def _somebody(blocks: list[Block]) -> Party:
    """Somebody at an address in the middle: edges are often special."""
    block = max(blocks, key=lambda b: b.last - b.first)
    return Party(Address(block.family, (block.first + block.last) // 2))


def is_routed(setting: str, address: Address) -> bool:
    """Whether a client outside has a route to a range inside (EXT-12, SVC-23)."""
    return setting == "true" or (setting == "private" and zone_of(address) == "private")
