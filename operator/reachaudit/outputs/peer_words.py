"""Sets of peers in few words, as people would say them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from reachaudit.model.ip import Block
from reachaudit.outputs.text import safe
from reachaudit.reach import bits
from reachaudit.reach.addresses import merge, minus
from reachaudit.reach.listing.peers import Peers
from reachaudit.reach.listing.ranges import zones_met
from reachaudit.reach.zones import BLOCKS, CLIENTS, ZONES, Zone

_NAMED = 3


class PeerWords:
    """Names sets of peers, of which it knows how many there are of each sort."""

    def __init__(self, peers: Peers, own: Iterable[Block] = ()) -> None:
        """`own`: the cluster's addresses, which no CIDR means."""
        self._peers, self._own = peers, merge(own)
        self._workloads = peers.those(lambda peer: peer.kind == "workload")
        self._nodes = peers.those(lambda peer: peer.kind == "node")
        self._in: defaultdict[str, int] = defaultdict(int)
        for number in bits.members(self._workloads):
            self._in[peers[number].namespace] |= 1 << number

    def sources(self, some: int) -> str:
        """`every workload but shop/web[Deployment], 2 of 3 nodes, internet`."""
        return self._said(some, CLIENTS)

    def targets(self, some: int) -> str:
        """The same of targets, which may be in other zones."""
        return self._said(some, ZONES)

    def _said(self, some: int, zones: Sequence[Zone]) -> str:
        workloads, nodes = some & self._workloads, some & self._nodes
        words = [*self._of_workloads(workloads)] if workloads else []
        words += [self.nodes(nodes)] if nodes else []
        others = some & ~workloads & ~nodes
        words += self._outside(others, zones) if others else []
        return ", ".join(words)

    def _outside(self, some: int, zones: Sequence[Zone]) -> list[str]:
        """A few CIDRs, or of many the zones that they lie in: `internet`, `parts of private`."""
        peers = bits.chosen(self._peers.all, some)
        blocks = [peer.block for peer in peers if peer.block]
        if len(blocks) <= _NAMED:
            return self._names(some)
        met = (zone for zone in zones_met(blocks, self._own) if zone in zones)
        words = (zone if self._covers(zone, blocks) else f"parts of {zone}" for zone in met)
        return [*words, *(safe(peer.text) for peer in peers if not peer.block)]

    def _covers(self, zone: Zone, blocks: list[Block]) -> bool:
        """Whether addresses are all that a zone has outside, in their families."""
        families = {block.family for block in blocks}
        whole = [block for block in BLOCKS[zone] if block.family in families]
        return bool(whole) and not minus(whole, [*blocks, *self._own])

    def nodes(self, some: int) -> str:
        """`every node`, `node/n1, node/n2`, `7 of 30 nodes`."""
        if some == self._nodes:
            return "every node"
        if some.bit_count() <= _NAMED:
            return ", ".join(self._names(some))
        return f"{some.bit_count()} of {self._nodes.bit_count()} nodes"

    def _of_workloads(self, some: int) -> list[str]:
        """By the namespaces that are whole, and by name."""
        others = self._workloads & ~some
        if some.bit_count() > _NAMED and others.bit_count() <= _NAMED:
            but = f" but {', '.join(self._names(others))}" if others else ""
            return [f"every workload{but}"]
        whole = {n: own for n, own in self._in.items() if own & some == own and own & (own - 1)}
        for own in whole.values():
            some &= ~own
        return [*_spaces(whole), *few(self._names(some))]

    def _names(self, some: int) -> list[str]:
        return sorted(safe(peer.text) for peer in bits.chosen(self._peers.all, some))


def _spaces(whole: dict[str, int]) -> list[str]:
    if len(whole) > _NAMED:
        return [f"all workloads of {len(whole)} namespaces"]
    return [f"all {own.bit_count()} workloads of {safe(name)}" for name, own in whole.items()]


def few(names: list[str]) -> list[str]:
    """A few of them, and how many more there are."""
    if len(names) <= _NAMED + 1:
        return names
    return [*names[:_NAMED], f"{len(names) - _NAMED} more"]
