"""A cluster at one moment, however it was read: its facts, and what could not be read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reachaudit.model.names import Ref
from reachaudit.model.store import Facts


@dataclass(frozen=True)
class Problem:
    """What is wrong with one object or file; `place` is `file:line` where a file is at fault."""

    text: str
    ref: Ref | None = None
    place: str = ""


class Places(Mapping[Ref, str]):
    """Where objects stand in files, as `file:line`; in the order in which they were read.

    It is looked up when somebody asks: most objects are in order, and lines cost another reading.
    """

    def __init__(self, found: Mapping[Ref, Callable[[str], str]] | None = None) -> None:
        """`found`: for each object, what answers where a field of it stands."""
        self._found = found or {}

    def __getitem__(self, ref: Ref) -> str:
        return self.of_field(ref, "")

    def __iter__(self) -> Iterator[Ref]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def of_field(self, ref: Ref, field: str) -> str:
        """Where a field stands (`spec.egress[0]`), or what it would stand in."""
        return self._found[ref](field)


@dataclass(frozen=True)
class Snapshot:
    """What there is to ask about. Everything that was not understood is a problem told (UNK-10).

    `places`: where each object from a file stands. `assumptions`: what was taken for granted where
    files say nothing, each as a sentence (M-9); they are told with the verdicts.
    """

    facts: Facts
    problems: tuple[Problem, ...] = ()
    places: Places = field(default_factory=Places)
    assumptions: tuple[str, ...] = ()
