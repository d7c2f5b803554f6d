"""YAML as plain values, and what is wrong with it where.

A scalar means what it means to kubectl, which reads YAML 1.1 in its own way: `yes`, `y` and `on`
are true, `1e3` is a number, `012` is ten; dates and `12:30` are text. So a label that Kubernetes
would refuse for its type is refused here.

libyaml's events become values here, so that reading costs no more than the text is long: what an
alias stands for is one value, however often it is written, and is counted.
"""

import re
from collections.abc import Iterator
from math import isinf

from yaml.cyaml import CBaseLoader
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from reachaudit.watch.documents import ITEMS, Document, Fault, Following, line_in

DEEPEST = 100  # levels of nesting; the deepest CRDs have some thirty
MOST_ALIASED = 1_000_000  # values that the aliases of a text may stand for, all together

_MERGE = "<<"
_BREAK = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_TYPED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null"))
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|(?:0[oO]|0)([0-7]+)|(0|[1-9][0-9]*))"
)
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **{cased: True for w in ("y", "yes", "true", "on") for cased in (w, w.title(), w.upper())},
    **{cased: False for w in ("n", "no", "false", "off") for cased in (w, w.title(), w.upper())},
    **{f"{s}{w}": float(f"{s}inf") for s in ("", "+", "-") for w in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def read_yaml(text: str, line: int = 1) -> Iterator[Document | Fault]:
    """The documents of a text that begins on a line; one that is at fault does not hide others."""
    builder, begin = _Builder(), 0
    for end in _breaks(text):
        yield from builder.documents(text[begin:end], line)
        line += text.count("\n", begin, end)
        begin = end


def _breaks(text: str) -> Iterator[int]:
    """Where a document ends and another begins, as kubectl sees it: at lines of `---`."""
    begin = 0
    for match in _BREAK.finditer(text):
        end = match.start()
        if text.startswith("---", begin) or not _directives(text[begin:end]):
            yield end
            begin = end
    yield len(text)


def _directives(chunk: str) -> bool:
    """Whether it is only what may stand in front of a document's `---`."""
    lines = [line for line in chunk.splitlines() if line.strip()]
    return all(line[0] in "%#" for line in lines)


class _Unreadable(Exception):
    """A document that cannot be a value: what is wrong, and on which line of the chunk."""

    def __init__(self, text: str, event: Event | None) -> None:
        super().__init__(text)
        self.line = line_in(event)


class _Builder:
    """Builds values from events, chunk by chunk. `_values` and `_aliased` count, for all chunks."""

    def __init__(self) -> None:
        self._texts: set[str] = set()  # those that stand for themselves, quoted or not
        self._values = self._aliased = 0
        self._anchors: dict[str, tuple[object, int]] = {}
        self._faults: list[tuple[str, int]] = []
        self._items: list[int] = []

    def documents(self, chunk: str, line: int) -> Iterator[Document | Fault]:
        """The documents of a chunk up to the first that is at fault."""
        self._following: Following = CBaseLoader(chunk).get_event
        try:
            while (event := self._following()) is not None:
                if isinstance(event, DocumentStartEvent):
                    yield self._document(event, chunk, line)
        except _Unreadable as error:
            yield Fault(_hinted(str(error), chunk, line), line + error.line)
        except YAMLError as error:
            at, text = _explained(error, chunk, line)
            yield Fault(_hinted(text, chunk, line), at)

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
        if isinstance(event, ScalarEvent):
            scalar = self._scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = scalar, 1
            return scalar
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth == DEEPEST:
            raise _Unreadable(f"it is nested more than {DEEPEST} levels deep", event)
        before = self._values
        mapping = isinstance(event, MappingStartEvent)
        value = self._mapping(depth + 1) if mapping else self._sequence(depth + 1)
        if isinstance(event, NodeEvent) and event.anchor:
            self._anchors[event.anchor] = value, self._values - before
        return value

    def _mapping(self, depth: int) -> dict[str, object]:
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

    def _sequence(self, depth: int) -> list[object]:
        found: list[object] = []
        following, value_of = self._following, self._value
        while not isinstance(event := following(), SequenceEndEvent):
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
            raise _Unreadable(f"the alias *{event.anchor} has no anchor before it", event)
        self._values += size
        self._aliased += size
        if self._aliased > MOST_ALIASED:
            raise _Unreadable(f"aliases stand for more than {MOST_ALIASED:,} values", event)
        return value

    def _key(self, event: Event | None) -> str | None:
        """A key as kubectl makes text of it; None for the merge key."""
        if not isinstance(event, ScalarEvent | AliasEvent):
            raise _Unreadable("a key is neither text nor a number", event)
        if isinstance(event, ScalarEvent) and event.value == _MERGE and event.implicit[0]:
            return None
        key = self._value(event, 0)
        if isinstance(key, str):
            return key
        if isinstance(key, bool):
            return "true" if key else "false"
        if isinstance(key, int | float):
            return f"{key:.9g}" if isinstance(key, float) else str(key)
        raise _Unreadable("a key is neither text nor a number", event)

    @staticmethod
    def _merged(value: object, event: Event | None) -> dict[str, object]:
        """What a merge key brings: of a list, the earlier win."""
        parts = value if isinstance(value, list) else [value]
        found: dict[str, object] = {}
        for part in reversed(parts):
            if not isinstance(part, dict):
                raise _Unreadable("the merge key << takes a mapping, or a list of mappings", event)
            found |= part
        return found


def _is_plain_list(event: Event | None) -> bool:
    return isinstance(event, SequenceStartEvent) and not event.anchor


def plain(text: str) -> object:
    """What a scalar without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    digits = text if text[0] == "." else text.replace("_", "")
    match = _INTEGER.fullmatch(digits)
    if match and match.lastindex and len(digits) < 80:
        value = int(match[1] + match[match.lastindex], _BASES[match.lastindex - 2])
        if -(1 << 63) <= value < 1 << 64:
            return value
    if _FLOAT.fullmatch(digits) and not isinf(number := float(digits)):
        return number
    return text


def _explained(error: YAMLError, chunk: str, line: int) -> tuple[int, str]:
    """The line of libyaml's error in the file, and a sentence."""
    if isinstance(error, ReaderError):
        before = chunk.encode()[: error.position]
        return line + before.count(b"\n"), f"no YAML: {error.reason}"
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return line, f"no YAML: {error}"
    mark, context = error.problem_mark, error.context_mark
    at = line + min(mark.line, chunk.rstrip("\n").count("\n"))  # the end is no line of its own
    if chunk[mark.index : mark.index + 1] == "\t":
        return at, "no YAML: a tab stands where only spaces may"
    text = f"no YAML: {error.problem}"
    if context is not None and context.line != mark.line:
        text = f"{text} {error.context} that begins on line {line + context.line}"
    return at, text


def _hinted(text: str, chunk: str, line: int) -> str:
    """The sentence; with a hint where the text is a template and no manifest yet."""
    at = chunk.find("{{")
    if at < 0:
        return text
    where = line + chunk.count("\n", 0, at)
    return f"{text}; line {where} holds a template, {{{{: render it first, as `helm template` does"
