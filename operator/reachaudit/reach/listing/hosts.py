"""Nodes as peers: which of them reach a workload, and which workloads reach them.

A node always reaches the pods on it (NP-44); another is an address like any other. Nobody isolates
a node, so that the sender's egress alone decides whether it is reached (NP-47). A workload reaches
a node where it reaches one of its addresses; a node surely reaches a workload where it does so from
whichever of its addresses (EXT-5).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from reachaudit.model.ip import Family
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.listing.alike import Found, Piece, labelled
from reachaudit.reach.listing.census import Census
from reachaudit.reach.ports import ALL_PORTS, Span
from reachaudit.reach.profiles import Profile
from reachaudit.reach.rules import Peers as Allowed
from reachaudit.reach.verdict import Reason

_Row = list[tuple[Span, Found]]


class Hosts:
    """The nodes of one state, in one family."""

    def __init__(self, census: Census, family: Family) -> None:
        self._census, self._reach, self._family = census, census.reach, family
        identity = census.reach.identity
        self._heed = census.reach.assumptions.ip_blocks_match_nodes
        self._signatures = {
            name: bits.of({identity.signatures.of(party.address) for party in parties})
            for name in census.nodes
            if (parties := identity.node_parties(identity.nodes[name], family))
        }
        self._alike: dict[int, int] = {}  # the nodes that no policy tells apart
        for name, signatures in self._signatures.items():
            bit = 1 << census.peers.node(name)
            self._alike[signatures] = self._alike.get(signatures, 0) | bit
        self._everybody = _union(self._alike.values())
        self._rows: dict[int, _Row] = {}
        self._columns: dict[int, list[Piece]] = {}

    def into(self, own: Sequence[PodClass]) -> Iterator[Piece]:
        """Which nodes reach a workload, by its classes."""
        if not self._alike:
            return iter(())
        return labelled(self._family, (cell for each in own for cell in self._reaching(each)))

    def reached(self, node: str) -> list[Piece]:
        """Which workloads reach a node."""
        signatures = self._signatures.get(node)
        if signatures is None:
            return []
        if signatures not in self._columns:
            self._columns[signatures] = list(labelled(self._family, self._towards(signatures)))
        return self._columns[signatures]

    def _reaching(self, own: PodClass) -> Iterator[tuple[Span, Found]]:
        if not own.pods[self._family]:
            return
        nodes, everywhere = self._census.nodes_of(own), self._reach.judge.opaque_everywhere
        vendors = ((Reason.VENDOR_POLICY, nodes),)
        yield ALL_PORTS, Found(unsure=vendors) if everywhere else Found(nodes)
        if own.number not in self._rows:
            profile = self._reach.judge.ingress.of(own.number)
            self._rows[own.number] = [
                (cell.span, self._let_in(profile, *cell.planes)) for cell in profile.row
            ]
        yield from self._rows[own.number]

    def _let_in(self, profile: Profile, must: Allowed, may: Allowed) -> Found:
        """The nodes that one cell of a row lets in."""
        some = self._some(may)
        if self._reach.judge.opaque_everywhere:  # a vendor's policy may concern hosts too
            return Found(unsure=((Reason.VENDOR_POLICY, some),))
        surely = self._all(must)
        return Found(surely, ((self._why(profile, Reason.NODE_ADDRESS), some & ~surely),))

    def _all(self, allowed: Allowed) -> int:
        """The nodes of which surely all addresses are allowed."""
        if allowed.anybody:
            return self._everybody
        held = (n for s, n in self._alike.items() if not s & ~allowed.signatures)
        return _union(held) if self._heed else 0

    def _some(self, allowed: Allowed) -> int:
        """The nodes of which some address may be allowed."""
        if allowed.anybody:
            return self._everybody
        return _union(n for s, n in self._alike.items() if s & allowed.signatures)

    def _why(self, profile: Profile, other: Reason) -> Reason:
        """Why a profile leaves it open what becomes of a node."""
        doubt = self._census.doubt([profile])
        return doubt or (other if self._heed else Reason.IP_BLOCK)

    def _towards(self, signatures: int) -> Iterator[tuple[Span, Found]]:
        """The workloads whose egress lets them reach one of these addresses."""
        for profile, workloads in self._egress:
            for cell in profile.row:
                must, may = cell.planes
                if must.anybody or (self._heed and must.signatures & signatures):
                    yield cell.span, Found(workloads)
                elif may.anybody or may.signatures & signatures:
                    reason = self._why(profile, Reason.NO_ADDRESS)
                    yield cell.span, Found(unsure=((reason, workloads),))

    @cached_property
    def _egress(self) -> list[tuple[Profile, int]]:
        """The profiles of egress, with the workloads that have pods of each."""
        found: dict[int, tuple[Profile, int]] = {}
        for number in self._reach.identity.classes.by_number:
            profile = self._reach.judge.egress.of(number)
            known = found.get(id(profile), (profile, 0))[1]
            found[id(profile)] = profile, known | 1 << number
        return [(p, self._census.named(classes, self._family)) for p, classes in found.values()]


def _union(sets: Iterable[int]) -> int:
    found = 0
    for each in sets:
        found |= each
    return found
