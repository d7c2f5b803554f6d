"""Ranges of addresses for people: as few CIDRs as can be, told apart from the cluster's own."""

from collections.abc import Iterable, Sequence

from reachaudit.model.ip import FAMILIES, Block, everything
from reachaudit.reach.addresses import cidrs, merge, minus, overlap
from reachaudit.reach.zones import BLOCKS, ZONES, Zone, in_zone

# Addresses that no client outside has: this host's, multicast, metadata …
NO_CLIENTS = minus(map(everything, FAMILIES), BLOCKS["internet"] + BLOCKS["private"])


def cover(wanted: Iterable[Block], careless: Iterable[Block]) -> list[Block]:
    """The fewest CIDRs that hold all wanted addresses, and beside them careless ones only.

    `careless`: addresses that a CIDR is never taken to mean, as those of the cluster's own pods.
    They are taken in only where that makes fewer CIDRs.
    """
    wanted, found = merge(wanted), list[Block]()
    for run in merge([*wanted, *careless]):
        parts = overlap([run], wanted)
        if parts:
            bounds = Block(run.family, parts[0].first, parts[-1].last)
            choices = [c for part in parts for c in cidrs(part)], cidrs(bounds), cidrs(run)
            found += sorted(choices, key=len)[0]
    return found


def zones_met(blocks: Iterable[Block], own: Sequence[Block]) -> list[Zone]:
    """The zones in which blocks have addresses that are not the cluster's own."""
    found = list(blocks)
    return [zone for zone in ZONES if minus(in_zone(zone, found), own)]
