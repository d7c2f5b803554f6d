"""Runs of addresses, and what is left of them, common to them, or made of them."""

from bisect import bisect_right
from collections.abc import Iterable

from reachaudit.model.ip import BITS, Block, parse_block


def blocks_of(text: str) -> list[Block]:
    """CIDRs between commas, without what is none: a word that stands for none."""
    return list(filter(None, map(parse_block, text.split(","))))


def minus(blocks: Iterable[Block], holes: Iterable[Block]) -> list[Block]:
    """Blocks without the holes, ascending and merged; one walk along both."""
    left, gaps, k = list[Block](), merge(holes), 0
    for block in merge(blocks):
        first = block.first
        while k < len(gaps) and (gaps[k].family, gaps[k].last) < (block.family, first):
            k += 1
        i = k
        while i < len(gaps) and gaps[i].family == block.family and gaps[i].first <= block.last:
            if first < gaps[i].first:
                left.append(Block(block.family, first, gaps[i].first - 1))
            first = max(first, gaps[i].last + 1)
            i += 1
        if first <= block.last:
            left.append(Block(block.family, first, block.last))
    return left


def overlap(blocks: Iterable[Block], others: Iterable[Block]) -> list[Block]:
    """What lies in both, ascending; each must be ascending and disjoint."""
    found, others = list[Block](), list(others)
    for family, first, last in blocks:
        i = max(bisect_right(others, (family, first, first)) - 1, 0)
        while i < len(others) and (others[i].family, others[i].last) < (family, first):
            i += 1
        while i < len(others) and (others[i].family, others[i].first) <= (family, last):
            found.append(Block(family, max(first, others[i].first), min(last, others[i].last)))
            i += 1
    return found


def merge(blocks: Iterable[Block]) -> list[Block]:
    """The same addresses in as few blocks as can be, ascending."""
    merged: list[Block] = []
    for block in sorted(blocks):
        last = merged[-1] if merged else None
        if last and last.family == block.family and block.first <= last.last + 1:
            merged[-1] = Block(last.family, last.first, max(last.last, block.last))
        else:
            merged.append(block)
    return merged


def cidrs(block: Block) -> list[Block]:
    """A run of addresses as the fewest CIDRs."""
    found, first = [], block.first
    while first <= block.last:
        size = first & -first or 1 << BITS[block.family]
        while first + size - 1 > block.last:
            size >>= 1
        found.append(Block(block.family, first, first + size - 1))
        first += size
    return found
