"""What a listing says of one pair and port, looked up as its reader would: by name or address."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from reachaudit.reach import bits
from reachaudit.reach.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reachaudit.reach.listing.alike import Alike, Opening
    from reachaudit.reach.listing.listing import Listing
    from reachaudit.reach.listing.peers import Peer, Peers

_CELLS = {Outcome.ALLOW: ".", Outcome.UNKNOWN: "?", Outcome.PARTIAL: "%"}


class Told(NamedTuple):
    """The verdict of one flow of a pair."""

    outcome: Outcome
    reason: Reason | None

    @property
    def cell(self) -> str:
        """As truth tables write it."""
        return _CELLS[self.outcome]


class Arrival(NamedTuple):
    """By which door somebody comes in, and at which port of the pods he arrives."""

    by: tuple[str, str]
    protocol: str
    port: int


class Line(NamedTuple):
    """One flow as a reader sees it; `ports` as `80 443 8000-8100`."""

    source: str
    target: str
    protocol: str
    family: str
    ports: str
    verdict: str
    reason: str
    path: tuple[tuple[str, str], ...] | None


def flows_of(peers: Peers, found: Iterable[Alike]) -> set[Line]:
    """All flows, each by itself."""
    return {
        Line(
            str(peers[number]),
            str(peers[alike.target]),
            each.protocol,
            each.family,
            " ".join(f"{a}-{b}" if a < b else str(a) for a, b in each.ports),
            each.outcome.value,
            each.reason.value if each.reason else "",
            each.path,
        )
        for alike in found
        for number in bits.members(alike.sources)
        for each in alike.openings
    }


class Listed:
    """All flows of a listing, by pair. Pairs occur once, or the test that reads this fails."""

    def __init__(self, listing: Listing) -> None:
        self._flows: dict[tuple[str, str], tuple[Opening, ...]] = {}
        self._cidrs: dict[str, ipaddress.IPv4Network | ipaddress.IPv6Network] = {}
        for alike in listing.alike():
            for number in bits.members(alike.sources):
                source, target = listing.peers[number], listing.peers[alike.target]
                self._meet(source)
                self._meet(target)
                pair = str(source), str(target)
                assert pair not in self._flows, pair
                self._flows[pair] = alike.openings

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._flows)

    def direct(
        self, source: str, target: str, port: int, protocol: str, family: str
    ) -> Told | None:
        """The flow without a path on a port, if one is listed; two would be one too many."""
        found = [
            Told(opening.outcome, opening.reason)
            for one in self._names(source)
            for other in self._names(target)
            for opening in self._flows.get((one, other), ())
            if (opening.protocol, opening.family) == (protocol, family) and opening.path is None
            if any(ports.first <= port <= ports.last for ports in opening.ports)
        ]
        assert len(found) < 2, found
        return found[0] if found else None

    def arrivals(self, source: str, target: str, family: str) -> dict[Arrival, Told]:
        """The flows with a path, by their last hop and port; two would be one too many."""
        found: dict[Arrival, Told] = {}
        for name in self._names(source):
            for opening in self._flows.get((name, target), ()):
                if opening.path is None or opening.family != family:
                    continue
                for first, last in opening.ports:
                    assert first == last
                    key = Arrival(opening.path[-1], opening.protocol, first)
                    assert key not in found, key
                    found[key] = Told(opening.outcome, opening.reason)
        return found

    def _meet(self, peer: Peer) -> None:
        if peer.kind == "outside":
            self._cidrs[str(peer)] = ipaddress.ip_network(str(peer))

    def _names(self, name: str) -> list[str]:
        """The peers that an end may be: itself, or each CIDR that holds it."""
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return [name]
        return [text for text, cidr in self._cidrs.items() if address in cidr]
