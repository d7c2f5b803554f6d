"""What `who-can-reach` and `reachable-from` share: an end, and the flows at it."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reachaudit.cli.assume import assumptions
from reachaudit.cli.command import FINE
from reachaudit.cli.pieces import Basis, basis_of, in_haste, with_assumptions, write
from reachaudit.cli.ports import add_port, ports
from reachaudit.cli.source import add_source, snapshot

if TYPE_CHECKING:
    from reachaudit.reach.listing.neighbours import Asked, Side

ENDS = "ns/name, ns/name[Kind], namespace/NAME, node/NAME, an address, a CIDR, internet, private"


def add_neighbours(parser: argparse.ArgumentParser, ends: str) -> None:
    """Let a command's user name an end, where it is, and how it is told; `ends`: what it may be."""
    parser.add_argument("end", metavar="END", help=ends)
    add_source(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=("text", "json"),
        default="text",
        help="for a person, or for tools (default: text)",
    )
    add_port(parser, "whoever is reached")


def tell(given: argparse.Namespace, side: "Side") -> int:
    """Answer who is at the other side; the exit code."""
    with in_haste():
        return _answer(given, side)


def _answer(given: argparse.Namespace, side: "Side") -> int:
    chosen, wanted = assumptions(given), ports(given)
    found = snapshot(given)
    from reachaudit.reach.listing.neighbours import asked

    answer = asked(found.facts, chosen, given.end, side, wanted)
    write(_written(answer, given.output, basis_of(chosen, found)))
    return FINE


def _written(answer: "Asked", form: str, basis: Basis) -> Iterator[str]:
    if form == "json":
        from reachaudit.outputs.neighbours_json import neighbours_json

        return neighbours_json(answer, basis.assumed, basis.problems)
    from reachaudit.outputs.neighbours_text import neighbours_text

    return with_assumptions(neighbours_text(answer), basis)
