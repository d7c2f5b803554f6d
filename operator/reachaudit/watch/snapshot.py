"""A cluster at one moment, however it was read: its facts, and what could not be read."""

from dataclasses import dataclass

from reachaudit.model.names import Ref
from reachaudit.model.store import Facts


@dataclass(frozen=True)
class Problem:
    """What is wrong with one object or file; `place` is `file:line` where a file is at fault."""

    text: str
    ref: Ref | None = None
    place: str = ""


@dataclass(frozen=True)
class Snapshot:
    """What there is to ask about. Everything that was not understood is a problem told (UNK-10)."""

    facts: Facts
    problems: tuple[Problem, ...] = ()
