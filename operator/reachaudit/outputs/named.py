"""Flows by the names of their ends, where nodes that are alike share one name, and so do CIDRs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from reachaudit.model.ip import Block
from reachaudit.outputs.peer_words import PeerWords
from reachaudit.outputs.text import safe
from reachaudit.reach import bits
from reachaudit.reach.listing.alike import Alike, Opening
from reachaudit.reach.listing.peers import Peer, PeerKind, Peers

_SHARING = ("node", "outside")


class Name(NamedTuple):
    """What one or several peers of a kind are called; `namespace` of one that has one."""

    text: str
    kind: PeerKind
    namespace: str = ""


class Named(NamedTuple):
    """The sources that have the same openings to a target."""

    sources: tuple[Name, ...]
    target: Name
    openings: tuple[Opening, ...]


def named(peers: Peers, own: Sequence[Block], found: Iterable[Alike]) -> Iterator[Named]:
    """Flows target by target; `own` are the cluster's addresses, which no CIDR means."""
    words = PeerWords(peers, own)
    for kind, group in groupby(found, key=lambda alike: peers[alike.target].kind):
        for target, sources, openings in _targets(peers, words, kind, group):
            yield Named(tuple(_sources(peers, words, sources)), target, openings)


_Target = tuple[Name, int, tuple[Opening, ...]]


def _targets(
    peers: Peers, words: PeerWords, kind: PeerKind, found: Iterable[Alike]
) -> Iterator[_Target]:
    """Each by itself, or those together that the same sources reach alike."""
    if kind not in _SHARING:
        yield from ((_name(peers[target]), sources, said) for sources, target, said in found)
        return
    targets: defaultdict[tuple[int, tuple[Opening, ...]], int] = defaultdict(int)
    for sources, target, openings in found:
        targets[sources, openings] |= 1 << target
    for (sources, openings), alike in targets.items():
        yield Name(words.targets(alike), kind), sources, openings


def _sources(peers: Peers, words: PeerWords, sources: int) -> Iterator[Name]:
    shared: defaultdict[PeerKind, int] = defaultdict(int)
    for number in bits.members(sources):
        peer = peers[number]
        if peer.kind in _SHARING:
            shared[peer.kind] |= 1 << number
        else:
            yield _name(peer)
    for kind, alike in shared.items():
        yield Name(words.sources(alike), kind)


def _name(peer: Peer) -> Name:
    return Name(safe(peer.text), peer.kind, safe(peer.namespace))
