"""Peers by what they belong to: their namespace, the nodes, or a zone outside."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from reachaudit.model.ip import Block
from reachaudit.outputs.peer_words import few
from reachaudit.outputs.text import safe
from reachaudit.reach import bits
from reachaudit.reach.listing.peers import Peer, Peers
from reachaudit.reach.listing.ranges import zones_met
from reachaudit.reach.zones import CLIENTS, ZONES

_NO_CLIENTS = {*ZONES} - {*CLIENTS}


class Groups:
    """Groups by number; a CIDR may be in several."""

    def __init__(self, peers: Peers, own: Sequence[Block]) -> None:
        """`own`: the cluster's addresses, which no CIDR means."""
        numbers: dict[str, int] = {}
        self._of = [
            [numbers.setdefault(name, len(numbers)) for name in _groups(peer, own)]
            for peer in peers.all
        ]
        self._names = [*numbers]
        self._members: defaultdict[int, int] = defaultdict(int)
        for number, groups in enumerate(self._of):
            for group in groups:
                self._members[group] |= 1 << number
        self._spaces = bits.of(numbers[safe(p.namespace)] for p in peers.all if p.namespace)

    def of(self, peer: int) -> list[int]:
        """The groups of a peer."""
        return self._of[peer]

    def among(self, sources: int) -> int:
        """The set of groups of some sources."""
        found = (group for group, own in self._members.items() if own & sources)
        return bits.of(group for group in found if self._names[group] not in _NO_CLIENTS)

    def __call__(self, groups: int) -> str:
        """`every namespace, nodes`, `shop, data, internet`."""
        many = bool(self._spaces & (self._spaces - 1))
        if many and groups & self._spaces == self._spaces:
            names = bits.chosen(self._names, groups & ~self._spaces)
            return ", ".join(["every namespace", *sorted(names)])
        return ", ".join(few(sorted(bits.chosen(self._names, groups))))


def _groups(peer: Peer, own: Sequence[Block]) -> Iterator[str]:
    if peer.kind == "workload":
        yield safe(peer.namespace)
    elif peer.kind == "node":
        yield "nodes"
    elif peer.block:
        yield from zones_met([peer.block], own)
    elif peer.text:
        yield peer.text
