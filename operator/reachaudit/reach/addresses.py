"""Address signatures: what the blocks in use tell apart, and no more (EXT-2).

All addresses that lie in the same blocks share a signature, a small number. A rule allows a set of
signatures. Addresses of the two families never share one (NP-27).
"""

from bisect import bisect_right
from collections.abc import Iterable

from reachaudit.model.ip import BITS, FAMILIES, Address, Block, Family, everything


class Signatures:
    """The signatures that a set of blocks makes; every address has exactly one."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._starts: dict[Family, list[int]] = {}
        self._numbers: dict[Family, list[int]] = {}
        self._spans: list[list[Block]] = []
        self._inside: dict[Block, int] = {}
        self._unplaced: dict[Family, int] = {}
        self.of_family: dict[Family, int] = {}
        ordered = sorted(set(blocks))
        for family in FAMILIES:
            self._cut(family, [block for block in ordered if block.family == family])
        self.all = self.of_family["IPv4"] | self.of_family["IPv6"]

    def of(self, address: Address) -> int:
        """An address's signature; all that are not known yet share one a family."""
        if not address.placed:
            return self._unplaced[address.family]
        starts = self._starts[address.family]
        return self._numbers[address.family][bisect_right(starts, address.value) - 1]

    def inside(self, block: Block, excepts: Iterable[Block] = ()) -> int:
        """The signatures surely inside a block in use and in none of its excepts (NP-27, NP-28)."""
        found = self._inside[block]
        if excepts := tuple(excepts):  # an address that is not known yet may be in an except
            found &= ~self.perhaps_inside(block)
        for part in excepts:
            found &= ~self._inside[part]
        return found

    def perhaps_inside(self, block: Block) -> int:
        """The signature of addresses that are not known yet, where some of them may be inside."""
        return 1 << self._unplaced[block.family]

    def spans(self, signature: int) -> list[Block]:
        """The addresses that have a signature, ascending."""
        return self._spans[signature]

    def _cut(self, family: Family, blocks: list[Block]) -> None:
        """Cut one family's addresses at every edge of a block, and number what lies between."""
        edges = {0}
        for block in blocks:
            edges |= {block.first, block.last + 1}
        starts = sorted(edge for edge in edges if edge < 1 << BITS[family])
        holders = self._holders(starts, blocks)
        numbers, known, first_number = list[int](), dict[frozenset[Block], int](), len(self._spans)
        ends = [*starts[1:], 1 << BITS[family]]
        for start, end, held_by in zip(starts, ends, holders, strict=True):
            number = known.setdefault(held_by, first_number + len(known))
            if number == len(self._spans):
                self._spans.append([])
            self._spans[number].append(Block(family, start, end - 1))
            numbers.append(number)
        self._starts[family], self._numbers[family] = starts, numbers
        self._unplaced[family] = len(self._spans)
        self._spans.append([])
        self.of_family[family] = ((1 << len(known) + 1) - 1) << first_number
        for block in blocks:
            whole = block == everything(family)
            self._inside[block] = whole << self._unplaced[family]
        for held_by, number in known.items():
            for block in held_by:
                self._inside[block] |= 1 << number

    @staticmethod
    def _holders(starts: list[int], blocks: list[Block]) -> list[frozenset[Block]]:
        """For each start, the blocks that hold it; one sweep over the edges."""
        opening: dict[int, list[Block]] = {}
        closing: dict[int, list[Block]] = {}
        for block in blocks:
            opening.setdefault(block.first, []).append(block)
            closing.setdefault(block.last + 1, []).append(block)
        current: set[Block] = set()
        holders = []
        for start in starts:
            current.difference_update(closing.get(start, ()))
            current.update(opening.get(start, ()))
            holders.append(frozenset(current))
        return holders


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
    """What lies in both, ascending."""
    others = list(others)
    return [
        Block(a.family, max(a.first, b.first), min(a.last, b.last))
        for a in blocks
        for b in others
        if a.family == b.family and a.first <= b.last and b.first <= a.last
    ]


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
