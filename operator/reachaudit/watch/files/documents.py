"""Documents of a text: what was read of each, where it lies, and what is wrong with it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
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

ITEMS = "items"
_SECRET = re.compile(r"""kind["']?\s*:\s*["']?Secret""")
Path = tuple[str | int, ...]
Following = Callable[[], Event | None]


class Fault(NamedTuple):
    """What is wrong, and on which line of the file; the first is 1."""

    text: str
    line: int


@dataclass(eq=False)
class Document:
    """A document that could be read: its value, and on which line of the file that begins.

    `text` is what it was read from, and `begin` the line on which this begins. `items`: where the
    items of a list begin, line by line. `faults` are those that leave it readable.
    """

    value: object
    line: int
    text: str
    begin: int
    items: Sequence[int] = ()
    faults: Sequence[Fault] = ()

    def line_of(self, path: Path) -> int:
        """Where a part of it begins; where its nearest whole does if it is not there."""
        line, known = self.line, 0
        match path:
            case (name, int(index), *_) if name == ITEMS and index < len(self.items):
                line, known = self.items[index], 2
        while len(path) > known:
            if path in self._lines:
                return self.begin + self._lines[path]
            path = path[:-1]
        return line

    def lines_only(self) -> "Document":
        """What is needed to say where its parts are; beside a Secret, no text is kept."""
        text = "" if _SECRET.search(self.text) else self.text
        return Document(None, self.line, text, self.begin, self.items)

    @cached_property
    def _lines(self) -> dict[Path, int]:
        """The line of each part by its path, as far as YAML's grammar goes.

        It is for the few documents with a problem: lines are not kept while reading.
        """
        found: dict[Path, int] = {}
        following = CBaseLoader(self.text).get_event
        try:
            following(), following()  # the stream and the document begin
            _walk(following, following(), (), found)
        except (YAMLError, RecursionError):  # JSON has escapes that YAML has not
            pass
        return found


def line_in(event: Event | None) -> int:
    """The line of its text on which an event begins; the first is 0."""
    return event.start_mark.line if event and event.start_mark else 0


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
