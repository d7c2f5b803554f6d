"""What a command that asks writes: text as it is made, so that it need not all be there at once."""

import gc
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from reachaudit.cli.terminal import width


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


def with_assumptions(pieces: Iterable[str], assumptions: Sequence[str]) -> Iterator[str]:
    """A text for a person, and what it rests on."""
    from reachaudit.outputs.folding import assumed

    yield from pieces
    yield f"\n{assumed(assumptions, width())}\n"
