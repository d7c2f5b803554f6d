"""Address signatures: what the blocks in use tell apart, and no more (EXT-2).

All addresses that lie in the same blocks share a signature, a small number. A rule allows a set of
signatures. Addresses of the two families never share one (NP-27).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from reachaudit.model.ip import BITS, FAMILIES, Address, Block, Family, everything
from reachaudit.reach.addresses import minus, overlap

Holders = frozenset[Block]
_UNPLACED: dict[Family, int] = {"IPv4": 0, "IPv6": 1}


class Move(NamedTuple):
    """Addresses that got another signature."""

    block: Block
    old: int
    new: int


class _Unplaced(NamedTuple):
    """Whether a block holds all addresses that are not known yet, and whether it may hold some."""

    all: bool
    some: bool


class Signatures:
    """The signatures that a set of blocks makes; every address has exactly one.

    Blocks come and go. Numbers are kept where they can be: when a block cuts a signature in two,
    the part with fewer pods gets the new number.
    """

    def __init__(self, blocks: Collection[Block] = (), ranges: Collection[Block] = ()) -> None:
        """`ranges`: where addresses are that are not known yet; anywhere in a family of none."""
        self._somewhere = {
            f: [r for r in ranges if r.family == f] or [everything(f)] for f in FAMILIES
        }
        self._unplaced_in: dict[tuple[Block, tuple[Block, ...]], _Unplaced] = {}
        self._starts: dict[Family, list[int]] = {}
        self._numbers: dict[Family, list[int]] = {}
        self._spans: dict[int, list[Block]] = {}
        self._inside: dict[Block, int] = {}
        self._free: list[int] = []
        self.of_family: dict[Family, int] = {}
        self._blocks: set[Block] = set()
        for family in FAMILIES:
            number = _UNPLACED[family] + len(FAMILIES)
            self._starts[family], self._numbers[family] = [0], [number]
            self._spans[number] = [everything(family)]
            self._spans[_UNPLACED[family]] = []
            self.of_family[family] = 1 << _UNPLACED[family] | 1 << number
        self.hold(blocks)

    @property
    def all(self) -> int:
        """All signatures."""
        return self.of_family["IPv4"] | self.of_family["IPv6"]

    def of(self, address: Address) -> int:
        """An address's signature; all that are not known yet share one a family."""
        family, value = address
        if value < 0:
            return _UNPLACED[family]
        return self._numbers[family][bisect_right(self._starts[family], value) - 1]

    def inside(self, block: Block, excepts: Iterable[Block] = ()) -> int:
        """The signatures surely inside a block in use and in none of its excepts (NP-27, NP-28)."""
        found, excepts = self._inside[block], tuple(excepts)
        for part in excepts:
            found &= ~self._inside[part]
        return found | self._unplaced(block, excepts).all << _UNPLACED[block.family]

    def perhaps_inside(self, block: Block, excepts: Iterable[Block] = ()) -> int:
        """The signature of addresses that are not known yet, where some of them may be inside."""
        return self._unplaced(block, tuple(excepts)).some << _UNPLACED[block.family]

    def _unplaced(self, block: Block, excepts: tuple[Block, ...]) -> "_Unplaced":
        key = block, excepts
        if key not in self._unplaced_in:
            where, left = self._somewhere[block.family], minus([block], excepts)
            self._unplaced_in[key] = _Unplaced(not minus(where, left), bool(overlap(where, left)))
        return self._unplaced_in[key]

    def spans(self, signature: int) -> list[Block]:
        """The addresses that have a signature, ascending."""
        return self._spans[signature]

    def hold(
        self, blocks: Collection[Block], weigh: Callable[[Block], int] = lambda _: 0
    ) -> list[Move]:
        """Make these the blocks in use; answer whose signature changed.

        `weigh` tells how many pods are in a block: these are better not renumbered.
        """
        wanted, moves = set(blocks), list[Move]()
        self._unplaced_in.clear()
        changed = {block.family for block in wanted ^ self._blocks}
        self._blocks = wanted
        for family in FAMILIES:
            if family in changed:
                own = sorted(block for block in wanted if block.family == family)
                moves += self._recut(family, own, weigh)
        return moves

    def _recut(
        self, family: Family, blocks: list[Block], weigh: Callable[[Block], int]
    ) -> list[Move]:
        """Cut one family's addresses at every edge of a block, and number what lies between."""
        starts = _edges(family, blocks)
        holders = list(_holders(starts, blocks))
        shares = self._shares(family, starts, holders)
        numbers = self._number(shares, weigh)
        self._starts[family] = starts
        self._numbers[family] = [numbers[held] for held in holders]
        self._take_over(family, starts, numbers, blocks)
        return [
            Move(block, old, numbers[held])
            for (old, held), parts in shares.items()
            if numbers[held] != old
            for block in parts
        ]

    def _shares(
        self, family: Family, starts: list[int], holders: list[Holders]
    ) -> dict[tuple[int, Holders], list[Block]]:
        """What old and new signatures have in common."""
        before, old = self._starts[family], self._numbers[family]
        found: dict[tuple[int, Holders], list[Block]] = {}
        cuts = sorted({*before, *starts})
        ends = [*cuts[1:], 1 << BITS[family]]
        i = k = -1
        for start, end in zip(cuts, ends, strict=True):
            i += i + 1 < len(before) and before[i + 1] == start
            k += k + 1 < len(starts) and starts[k + 1] == start
            found.setdefault((old[i], holders[k]), []).append(Block(family, start, end - 1))
        return found

    def _number(
        self, shares: dict[tuple[int, Holders], list[Block]], weigh: Callable[[Block], int]
    ) -> dict[Holders, int]:
        """Numbers by holders; a number in dispute goes to who has more pods."""
        claims = Counter[object](end for share in shares for end in share)

        def weight(share: tuple[int, Holders]) -> tuple[int, int]:
            settled = claims[share[0]] == 1 and claims[share[1]] == 1
            return (1, 0) if settled else (0, sum(map(weigh, shares[share])))

        numbers, taken = dict[Holders, int](), set[int]()
        for old, held in sorted(shares, key=weight, reverse=True):
            if old not in taken and held not in numbers:
                numbers[held] = old
                taken.add(old)
        for gone in sorted({old for old, _ in shares} - taken):
            self._spans[gone] = []
            self._free.append(gone)
        for _, held in shares:
            if held not in numbers:
                numbers[held] = self._free.pop() if self._free else len(self._spans)
                self._spans.setdefault(numbers[held], [])
        return numbers

    def _take_over(
        self, family: Family, starts: list[int], numbers: dict[Holders, int], blocks: list[Block]
    ) -> None:
        """Work out anew what follows from the numbers."""
        for block in [block for block in self._inside if block.family == family]:
            del self._inside[block]
        for block in blocks:
            self._inside[block] = 0
        self.of_family[family] = 1 << _UNPLACED[family]
        for held, number in numbers.items():
            self.of_family[family] |= 1 << number
            self._spans[number] = []
            for block in held:
                self._inside[block] |= 1 << number
        ends = [*starts[1:], 1 << BITS[family]]
        for start, end, number in zip(starts, ends, self._numbers[family], strict=True):
            self._spans[number].append(Block(family, start, end - 1))


def _edges(family: Family, blocks: Iterable[Block]) -> list[int]:
    edges = {0}
    for block in blocks:
        edges |= {block.first, block.last + 1}
    edges.discard(1 << BITS[family])
    return sorted(edges)


def _holders(starts: list[int], blocks: list[Block]) -> Iterator[Holders]:
    """For each start, the blocks that hold it; one sweep over the edges."""
    opening: dict[int, list[Block]] = {}
    closing: dict[int, list[Block]] = {}
    for block in blocks:
        opening.setdefault(block.first, []).append(block)
        closing.setdefault(block.last + 1, []).append(block)
    current: set[Block] = set()
    for start in starts:
        current.difference_update(closing.get(start, ()))
        current.update(opening.get(start, ()))
        yield frozenset(current)
