"""Named parts of the address space, for people: views on verdicts, never splitters (EXT-6)."""

from collections.abc import Iterable
from typing import Literal

from reachaudit.model.ip import FAMILIES, Address, Block, everything, parse_block
from reachaudit.reach.addresses import minus, overlap

Zone = Literal["internet", "private", "metadata", "link-local"]
ZONES: tuple[Zone, ...] = ("internet", "private", "metadata", "link-local")
CLIENTS: tuple[Zone, Zone] = ("internet", "private")  # those that connections come from


def _blocks(*texts: str) -> list[Block]:
    return [block for block in map(parse_block, texts) if block]


METADATA = _blocks("169.254.169.254/32", "fd00:ec2::254/128")  # EXT-7
PRIVATE = minus(
    _blocks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"), METADATA
)
LINK_LOCAL = minus(_blocks("169.254.0.0/16", "fe80::/10"), METADATA)  # of a node's DNS, say (EXT-8)
# Neither a client nor a target: this host, multicast, reserved.
_NOWHERE = _blocks("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8", "::ffff:0:0/95")
INTERNET = minus(
    [everything(family) for family in FAMILIES], [*PRIVATE, *METADATA, *LINK_LOCAL, *_NOWHERE]
)
BLOCKS: dict[Zone, list[Block]] = {
    "internet": INTERNET,
    "private": PRIVATE,
    "metadata": METADATA,
    "link-local": LINK_LOCAL,
}


def zone_of(address: Address) -> Zone | None:
    """The zone that an address lies in."""
    for zone, blocks in BLOCKS.items():
        if any(block.holds(address) for block in blocks):
            return zone
    return None


def in_zone(zone: Zone, blocks: Iterable[Block]) -> list[Block]:
    """The part of some addresses that lies in a zone."""
    return overlap(blocks, BLOCKS[zone])
