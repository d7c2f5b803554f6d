"""Flows by the names of their ends, where nodes that are alike share one name, and so do CIDRs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, product
from typing import NamedTuple

from reachaudit.model.ip import Block
from reachaudit.outputs.flow_words import Said, said
from reachaudit.outputs.peer_words import PeerWords
from reachaudit.outputs.text import safe
from reachaudit.reach import bits
from reachaudit.reach.listing.alike import Alike
from reachaudit.reach.listing.peers import Peer, PeerKind, Peers

_SHARING = ("node", "outside")


class Name(NamedTuple):
    """What one or several peers of a kind are called; `namespace` of one that has one."""

    text: str
    kind: PeerKind
    namespace: str = ""


class Named(NamedTuple):
    """Sources of which the same is said about a target."""

    sources: tuple[Name, ...]
    target: Name
    said: Said


_Lines = Mapping[Said, int]  # with the sources that each is said of


def named(peers: Peers, own: Sequence[Block], found: Iterable[Alike]) -> Iterator[Named]:
    """Flows target by target; `own` are the cluster's addresses, which no CIDR means."""
    words = PeerWords(peers, own)
    for kind, group in groupby(found, key=lambda alike: peers[alike.target].kind):
        for target, lines in _targets(peers, words, kind, group):
            for line, sources in lines.items():
                yield Named(tuple(_sources(peers, words, sources)), target, line)


def _targets(
    peers: Peers, words: PeerWords, kind: PeerKind, found: Iterable[Alike]
) -> Iterable[tuple[Name, _Lines]]:
    return _together(words, kind, found) if kind in _SHARING else _apart(peers, found)


def _apart(peers: Peers, found: Iterable[Alike]) -> Iterator[tuple[Name, _Lines]]:
    """Each target by itself."""
    for target, group in groupby(found, key=lambda alike: alike.target):
        lines: defaultdict[Said, int] = defaultdict(int)
        for sources, _, openings in group:
            for line in said(openings):
                lines[line] |= sources
        yield _name(peers[target]), lines


def _together(
    words: PeerWords, kind: PeerKind, found: Iterable[Alike]
) -> Iterable[tuple[Name, _Lines]]:
    """Targets that share a name: all of which the same is said of one source."""
    targets: defaultdict[tuple[int, Said], int] = defaultdict(int)
    for sources, target, openings in found:
        for line, source in product(said(openings), bits.members(sources)):
            targets[source, line] |= 1 << target
    names = {alike: Name(words.targets(alike), kind) for alike in targets.values()}
    lines: defaultdict[Name, defaultdict[Said, int]] = defaultdict(lambda: defaultdict(int))
    for (source, line), alike in targets.items():
        lines[names[alike]][line] |= 1 << source
    return lines.items()


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
