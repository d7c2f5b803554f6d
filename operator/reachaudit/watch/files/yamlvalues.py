"""YAML's events as plain values.

libyaml gives the events. Values are built here, so that they cost no more than the text is long:
what an alias stands for is one value, however often it is written, and is counted.
"""

from collections.abc import Iterator

from yaml.cyaml import CBaseLoader
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reachaudit.watch.files.documents import ITEMS, Document, Fault, Following, line_in
from reachaudit.watch.files.scalars import plain

DEEPEST = 100  # levels of nesting; the deepest CRDs have some thirty
MOST_ALIASED = 1_000_000  # values that the aliases of a text may stand for, all together

_MERGE = "<<"
_TYPED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null"))


class Unreadable(Exception):
    """A document that cannot be a value: what is wrong, and on which line of the chunk."""

    def __init__(self, text: str, event: Event | None) -> None:
        super().__init__(text)
        self.line = line_in(event)


class Builder:
    """Builds values from events, chunk by chunk. `_values` and `_aliased` count, for all chunks."""

    def __init__(self) -> None:
        self._texts: set[str] = set()  # those that stand for themselves, quoted or not
        self._values = self._aliased = 0
        self._anchors: dict[str, tuple[object, int]] = {}
        self._faults: list[tuple[str, int]] = []
        self._items: list[int] = []

    def documents(self, chunk: str, line: int) -> Iterator[Document]:
        """The documents of a chunk that begins on a line.

        Raises Unreadable, or YAMLError where it is no YAML.
        """
        self._following: Following = CBaseLoader(chunk).get_event
        while (event := self._following()) is not None:
            if isinstance(event, DocumentStartEvent):
                yield self._document(event, chunk, line)

    def _document(self, start: DocumentStartEvent, chunk: str, line: int) -> Document:
        self._anchors, self._faults, self._items = {}, [], []
        root = self._following()
        value = self._value(root, 0)
        end = self._following()
        begin = start.start_mark.index if start.start_mark else 0
        return Document(
            value,
            line + line_in(root),
            text=chunk[begin : end.end_mark.index if end and end.end_mark else len(chunk)],
            begin=line + line_in(start),
            items=[line + at for at in self._items],
            faults=[Fault(text, line + at) for text, at in self._faults],
        )

    def _value(self, event: Event | None, depth: int) -> object:
        before = self._values
        if isinstance(event, MappingStartEvent):
            value: object = self._mapping(event, depth + 1)
        elif isinstance(event, SequenceStartEvent):
            value = self._sequence(event, depth + 1)
        elif isinstance(event, ScalarEvent):
            value = self._scalar(event)
            self._values += 1
        else:
            assert isinstance(event, AliasEvent)
            return self._alias(event)
        if event.anchor:
            self._anchors[event.anchor] = value, self._values - before
        return value

    def _mapping(self, start: Event, depth: int) -> dict[str, object]:
        if depth > DEEPEST:
            raise _too_deep(start)
        found: dict[str, object] = {}
        merged: set[str] = set()
        following, texts, value_of = self._following, self._texts, self._value
        while True:
            event = following()
            key: str | None
            if isinstance(event, ScalarEvent) and event.value in texts and not event.anchor:
                key = event.value
            elif isinstance(event, MappingEndEvent):
                break
            elif (key := self._key(event)) is None:
                brought = self._merged(value_of(following(), depth), event)
                found |= brought
                merged |= brought.keys()
                continue
            if key in found and key not in merged:
                self._faults.append((f"the key {key!r} stands twice here", line_in(event)))
            event = following()
            if isinstance(event, ScalarEvent) and event.value in texts and not event.anchor:
                found[key] = event.value
            elif depth == 1 and key == ITEMS and _is_plain_list(event):
                found[key] = self._listed(depth + 1)
            else:
                found[key] = value_of(event, depth)
        self._values += len(found) + 1
        return found

    def _sequence(self, start: Event, depth: int) -> list[object]:
        if depth > DEEPEST:
            raise _too_deep(start)
        found: list[object] = []
        following, texts, value_of = self._following, self._texts, self._value
        while True:
            event = following()
            if isinstance(event, ScalarEvent) and event.value in texts and not event.anchor:
                found.append(event.value)
            elif isinstance(event, SequenceEndEvent):
                break
            else:
                found.append(value_of(event, depth))
        self._values += len(found) + 1
        return found

    def _listed(self, depth: int) -> list[object]:
        """The items of a list of objects; where each begins is kept."""
        found: list[object] = []
        self._items = []
        while not isinstance(event := self._following(), SequenceEndEvent):
            self._items.append(line_in(event))
            found.append(self._value(event, depth))
        self._values += len(found) + 1
        return found

    def _scalar(self, event: ScalarEvent) -> object:
        text = event.value
        if event.implicit[0] or event.tag in _TYPED:
            value = plain(text)
            if isinstance(value, str) and text != _MERGE:
                self._texts.add(text)
            return value
        return text

    def _alias(self, event: AliasEvent) -> object:
        """What an anchor stands for; its values count as if they were written once more."""
        value, size = self._anchors.get(event.anchor or "", (None, 0))
        if not size:
            raise Unreadable(f"the alias *{event.anchor} has no anchor before it", event)
        self._values += size
        self._aliased += size
        if self._aliased > MOST_ALIASED:
            raise Unreadable(f"aliases stand for more than {MOST_ALIASED:,} values", event)
        return value

    def _key(self, event: Event | None) -> str | None:
        """A key as kubectl makes text of it; None for the merge key."""
        if not isinstance(event, ScalarEvent | AliasEvent):
            raise Unreadable("a key is neither text nor a number", event)
        if isinstance(event, ScalarEvent) and event.value == _MERGE and event.implicit[0]:
            return None
        key = self._value(event, 0)
        if isinstance(key, str):
            return key
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, int | float):
            return f"{key:.9g}" if isinstance(key, float) else str(key)
        raise Unreadable("a key is neither text nor a number", event)

    @staticmethod
    def _merged(value: object, event: Event | None) -> dict[str, object]:
        """What a merge key brings: of a list, the earlier win."""
        parts = value if isinstance(value, list) else [value]
        found: dict[str, object] = {}
        for part in reversed(parts):
            if not isinstance(part, dict):
                raise Unreadable("the merge key << takes a mapping, or a list of mappings", event)
            found |= part
        return found


def _too_deep(event: Event) -> Unreadable:
    return Unreadable(f"it is nested more than {DEEPEST} levels deep", event)


def _is_plain_list(event: Event | None) -> bool:
    return isinstance(event, SequenceStartEvent) and not event.anchor
