"""Numbers of peers that two states have in common, so that their sets can be compared."""

from collections.abc import Callable
from operator import itemgetter

from reachaudit.reach.listing.census import Census
from reachaudit.reach.listing.peers import Peers, by_name

Translate = Callable[[int], int]


def common_peers(old: Census, new: Census) -> Peers:
    """The peers of both states."""
    workloads = {ref for census in (old, new) for ref, _ in census.workloads}
    ordered = sorted(workloads, key=by_name)
    return Peers(dict(enumerate(ordered)), sorted({*old.nodes, *new.nodes}))


def translation(own: Peers, common: Peers) -> Translate:
    """How sets of a state's peers become sets of common ones."""
    places = {peer: number for number, peer in enumerate(own.all) if peer.kind != "gap"}
    wanted = [places.get(peer) for peer in common.all]
    if wanted == [*range(len(own))]:
        return _same
    size = len(own)
    # Bits are written highest first; whoever the state has not is at the end, and never in a set.
    pick = itemgetter(*(size if i is None else size - 1 - i for i in reversed(wanted)), size)

    def translate(peers: int) -> int:
        return int("".join(pick(f"{peers:0{size}b}0")), 2) >> 1

    return translate


def _same(peers: int) -> int:
    return peers
