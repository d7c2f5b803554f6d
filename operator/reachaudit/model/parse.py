"""From API objects to facts: an object gives a fact or a problem, and never an exception."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec

from reachaudit.model.facts import Fact, OpaquePolicy
from reachaudit.model.names import Ref
from reachaudit.model.objects.wire import Metadata, Object, Reading

W = TypeVar("W", bound=Object)
UNREADABLE = "?"


class Item(NamedTuple):
    """One object as read: what identifies it, and its fact, None where it cannot be read at all.

    `problems` are sentences that begin with the field at fault.
    """

    ref: Ref
    uid: str
    resource_version: str
    fact: Fact | None
    problems: tuple[str, ...]


Parse = Callable[[object], Item]


def parser(kind: str, wire: type[W], read: Callable[[W], Reading]) -> Parse:
    """A function to an Item from JSON (bytes, msgspec.Raw) or a document of dicts and lists."""

    def parse(document: object) -> Item:
        try:
            item = _decode(document, wire)
            if not item.metadata.name:
                return Item(Ref(kind, "", UNREADABLE), "", "", None, ("metadata.name: missing",))
            return _item(kind, item.metadata, read(item))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return _unreadable(kind, document, str(error))

    return parse


def _decode(document: object, wire: type[W]) -> W:
    if isinstance(document, bytes | msgspec.Raw):
        return msgspec.json.decode(document, type=wire)
    return msgspec.convert(document, type=wire)


def _item(kind: str, meta: Metadata, reading: Reading) -> Item:
    fact, problems = reading
    ref = Ref(kind, fact.namespace, meta.name)
    return Item(ref, meta.uid, meta.resource_version, fact, problems)


def _unreadable(kind: str, document: object, message: str) -> Item:
    """An object of which only the metadata, or nothing, can be read.

    It counts as absent, but for a NetworkPolicy: what it allows or shuts is then UNKNOWN, since
    an absent policy would read as "everything allowed".
    """
    try:
        meta = _decode(document, Object).metadata
    except (msgspec.MsgspecError, ValueError, RecursionError):
        meta = Metadata(name=UNREADABLE)
    fact = None
    if kind == "NetworkPolicy" and meta.name != UNREADABLE:
        fact = OpaquePolicy(meta.namespace or "default", meta.name, kind_name=kind)
    ref = Ref(kind, meta.namespace, meta.name or UNREADABLE)
    return Item(ref, meta.uid, meta.resource_version, fact, (f"cannot be read: {message}",))
