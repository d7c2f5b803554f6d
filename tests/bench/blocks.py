"""The ipBlocks of a cluster's policies: some cut through the pods' range, most lie outside."""

from random import Random

from bench.nodes import block
from bench.shapes import Shape
from reachaudit.model.facts import Peer
from reachaudit.model.ip import BITS, Block

PRIVATE = tuple(map(block, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
INTERNET = Peer(block=block("0.0.0.0/0"), excepts=PRIVATE)
_EXCEPTED = 0.2  # of all blocks have a part that is excepted
_OUTSIDE = (block("20.0.0.0/6"), block("192.168.0.0/16"))


def ip_blocks(shape: Shape, pod_range: Block, random: Random) -> tuple[Peer, ...]:
    """As many peers as the shape has CIDRs, each of another; the first is the internet."""
    found: dict[Block, Peer] = {INTERNET.block: INTERNET} if INTERNET.block else {}
    while len(found) <= shape.cidrs_over_pods:
        peer = block_over(pod_range, random)
        found.setdefault(_of(peer), peer)
    while len(found) < shape.cidrs:
        peer = block_outside(random)
        found.setdefault(_of(peer), peer)
    return tuple(found.values())


def block_over(pod_range: Block, random: Random) -> Peer:
    """A block that holds some nodes' pods and not others': /14 to /20 where there are 5,000."""
    whole = BITS["IPv4"] - (pod_range.last - pod_range.first).bit_length()
    length = random.randint(min(whole + 3, 23), min(whole + 9, 24))
    return _maybe_excepted(_within(pod_range, length, random), random)


def block_outside(random: Random) -> Peer:
    """A block of a partner, a cloud or an office."""
    return _maybe_excepted(_within(random.choice(_OUTSIDE), random.randint(18, 32), random), random)


def _of(peer: Peer) -> Block:
    assert peer.block is not None
    return peer.block


def _within(outer: Block, length: int, random: Random) -> Block:
    size = 1 << (BITS["IPv4"] - length)
    first = random.randrange(outer.first, outer.last + 1) & -size
    return Block("IPv4", first, first + size - 1)


def _maybe_excepted(whole: Block, random: Random) -> Peer:
    length = BITS["IPv4"] - (whole.last - whole.first).bit_length()
    if length > 28 or random.random() > _EXCEPTED:
        return Peer(block=whole)
    return Peer(block=whole, excepts=(_within(whole, length + 3, random),))
