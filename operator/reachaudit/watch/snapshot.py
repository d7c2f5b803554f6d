"""A cluster at one moment, however it was read: its facts, and what could not be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
    """What there is to ask about. Everything that was not understood is a problem told (UNK-10).

    `places`: of each object from a file, in the order in which they were read, what tells where a
    field of it stands (`spec.egress[0]`; "" is the object), as `file:line`. `assumptions`: what was
    taken for granted where files say nothing, each as a sentence (M-9); they are told with the
    verdicts.
    """

    facts: Facts
    problems: tuple[Problem, ...] = ()
    places: Mapping[Ref, Callable[[str], str]] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
