"""Flows as JSON, a line each, joined from prepared pieces of text.

Flows that differ in their source alone differ in one piece alone. They are given out target by
target, so that memory does not grow with their number.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from reachaudit.outputs.text import safe
from reachaudit.reach import bits
from reachaudit.reach.listing.alike import Alike, Opening, Path
from reachaudit.reach.listing.peers import Peers
from reachaudit.reach.listing.shifts import Changed, Shifted

LIST = "reachaudit.list/v1"
T = TypeVar("T")


def document(
    schema: str,
    head: Mapping[str, object],
    name: str,
    items: Iterable[str],
    assumptions: Sequence[str],
    problems: Sequence[str],
) -> Iterator[str]:
    """`{"schema", …, name: […], "assumptions": […], "problems": […]}`, piece by piece.

    `items` are texts of one or more items each, with commas between them.
    """
    yield f"{_text({'schema': schema, **head})[:-1]},{_text(name)}:["
    parted = "\n"
    for text in items:
        yield parted
        yield text
        parted = ",\n"
    tail = {"assumptions": list(assumptions), "problems": [safe(problem) for problem in problems]}
    yield "\n]," + _text(tail)[1:] + "\n"


def flows_json(peers: Peers, found: Iterable[Alike]) -> Iterator[str]:
    """Texts of flows, each of one or more with commas between them."""
    return _items(peers, found, _openings)


def changes_json(peers: Peers, found: Iterable[Changed]) -> Iterator[str]:
    """The same of flows that changed."""
    return _items(peers, found, _shifts)


def _items(
    peers: Peers, found: Iterable[tuple[int, int, T]], tails_of: Callable[[T], list[str]]
) -> Iterator[str]:
    heads: list[str] = []
    tails: dict[T, list[str]] = {}
    for sources, target, said in found:
        heads += [f'{{"from":{_text(peer.text)},"to":' for peer in peers.all[len(heads) :]]
        if said not in tails:
            tails[said] = tails_of(said)
        to, chosen = _text(peers[target].text), bits.chosen(heads, sources)
        for tail in tails[said]:
            end = f"{to},{tail}"
            yield f"{end},\n".join(chosen) + end


def _openings(openings: tuple[Opening, ...]) -> list[str]:
    return [
        _tail(
            protocol=opening.protocol,
            family=opening.family,
            ports=opening.ports,
            verdict=opening.outcome.value,
            reason=opening.reason.value if opening.reason else None,
            path=_path(opening.path),
        )
        for opening in openings
    ]


def _shifts(shifts: tuple[Shifted, ...]) -> list[str]:
    return [
        _tail(
            protocol=shift.protocol,
            family=shift.family,
            ports=shift.ports,
            change=shift.change.value,
            before=shift.before.value,
            after=shift.after.value,
        )
        for shift in shifts
    ]


def _path(path: Path | None) -> list[dict[str, str]] | None:
    return None if path is None else [{"by": by, "at": at} for by, at in path]


def _tail(**told: object) -> str:
    return _text(told)[1:]


def _text(value: object) -> str:
    """In ASCII: no name in a manifest steers a terminal that shows it."""
    return json.dumps(value, separators=(",", ":"))
