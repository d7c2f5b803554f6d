"""Flows as CSV (RFC 4180), a line each. No cell is taken for a formula by a spreadsheet."""

from collections.abc import Iterable, Iterator

from reachaudit.outputs.text import safe
from reachaudit.reach import bits
from reachaudit.reach.listing.alike import Alike, Opening
from reachaudit.reach.listing.peers import Peers

COLUMNS = ("from", "to", "protocol", "family", "ports", "verdict", "reason", "path")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def flows_csv(peers: Peers, found: Iterable[Alike]) -> Iterator[str]:
    """The header, then texts of one or more lines each."""
    yield ",".join(COLUMNS) + "\n"
    heads: list[str] = []
    for sources, target, openings in found:
        heads += [f"{cell(peer.text)}," for peer in peers.all[len(heads) :]]
        to, chosen = cell(peers[target].text), bits.chosen(heads, sources)
        for opening in openings:
            end = ",".join([to, *map(cell, _cells(opening))]) + "\n"
            yield end.join([*chosen, ""])


def cell(text: str) -> str:
    """One cell, quoted where that is needed; what a spreadsheet would run is made text."""
    shown = safe(text)
    if shown.startswith(_FORMULA):
        shown = f"'{shown}"
    if any(c in shown for c in ',"\n\r'):
        return '"' + shown.replace('"', '""') + '"'
    return shown


def _cells(opening: Opening) -> Iterator[str]:
    yield opening.protocol
    yield opening.family
    yield " ".join(
        f"{p.first}-{p.last}" if p.first < p.last else str(p.first) for p in opening.ports
    )
    yield opening.outcome.value
    yield opening.reason.value if opening.reason else ""
    yield " → ".join(f"{by} {at}" for by, at in opening.path or ())
