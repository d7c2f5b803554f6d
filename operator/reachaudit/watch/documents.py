"""Documents of a text: what was read of each, where it lies, and what is wrong with it."""

from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from yaml.cyaml import CBaseLoader
from yaml.error import YAMLError
from yaml.events import (
    CollectionEndEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

Path = tuple[str | int, ...]
Following = Callable[[], Event | None]


class Fault(NamedTuple):
    """What is wrong, and on which line of the file; the first is 1."""

    text: str
    line: int


class Document(NamedTuple):
    """A document that could be read: its value, its text, and the line on which that begins.

    `faults` are those that leave it readable.
    """

    value: object
    text: str
    line: int
    faults: tuple[Fault, ...] = ()

    def line_of(self, path: Path) -> int:
        """Where a part of it begins; where its nearest whole does if it is not there."""
        lines = _lines(self.text)
        while path and path not in lines:
            path = path[:-1]
        return self.line + lines.get(path, 0)


def line_in(event: Event | None) -> int:
    """The line of its text on which an event begins; the first is 0."""
    return event.start_mark.line if event and event.start_mark else 0


@lru_cache(maxsize=8)
def _lines(text: str) -> dict[Path, int]:
    """The line of each part of a document by its path, as far as YAML's grammar goes.

    It is for the few documents with a problem: lines are not kept while reading.
    """
    found: dict[Path, int] = {}
    following = CBaseLoader(text).get_event
    try:
        following(), following()  # the stream and the document begin
        _walk(following, following(), (), found)
    except (YAMLError, RecursionError):  # JSON has escapes that YAML has not
        pass
    return found


def _walk(following: Following, event: Event | None, path: Path, found: dict[Path, int]) -> None:
    found.setdefault(path, line_in(event))
    if isinstance(event, MappingStartEvent):
        while not isinstance(key := following(), CollectionEndEvent):
            inner = (*path, key.value if isinstance(key, ScalarEvent) else "")
            _walk(following, key, inner, found)
            _walk(following, following(), inner, found)
    elif isinstance(event, SequenceStartEvent):
        for index in count():
            if isinstance(item := following(), CollectionEndEvent):
                return
            _walk(following, item, (*path, index), found)
