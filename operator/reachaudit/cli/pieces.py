"""What a command that asks writes: text as it is made, so that it need not all be there at once."""

import gc
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

from reachaudit.cli.source import line
from reachaudit.cli.terminal import width

if TYPE_CHECKING:
    from reachaudit.settings import Assumptions
    from reachaudit.watch.snapshot import Snapshot


class Basis(NamedTuple):
    """What an answer rests on: all that is assumed, what of it gives these facts anything to
    decide, and what was not understood of the input.
    """

    assumed: list[str]
    mattering: list[str]
    problems: list[str]


def basis_of(chosen: "Assumptions", *states: "Snapshot") -> Basis:
    """The basis of an answer about one or more states."""
    from reachaudit.reach.assumed import matters

    held, taken = chosen.described(), [text for state in states for text in state.assumptions]
    names = (each.partition("=")[0] for each in held)
    some = [any(matters(name, state.facts) for state in states) for name in names]
    problems = dict.fromkeys(line(problem) for state in states for problem in state.problems)
    return Basis(
        [*dict.fromkeys((*held, *taken))],
        [*dict.fromkeys((*compress(held, some), *taken))],
        [*problems],
    )


@contextmanager
def in_haste() -> Iterator[None]:
    """Look for no garbage meanwhile: what a command makes it needs until its end, which is soon."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def write(pieces: Iterable[str]) -> None:
    """Write texts to the standard output, one after another."""
    for piece in pieces:
        sys.stdout.write(piece)


def with_assumptions(pieces: Iterable[str], basis: Basis) -> Iterator[str]:
    """A text for a person, and what it rests on."""
    from reachaudit.outputs.folding import assumed

    yield from pieces
    yield f"\n{assumed(basis.mattering, width())}\n"
