"""From API objects to facts: an object gives a fact or a problem, and never an exception."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import msgspec

from reachaudit.model.facts import Fact, OpaquePolicy
from reachaudit.model.names import Ref
from reachaudit.model.objects.wire import Invalid, Metadata, Object, Reading, Wire

W = TypeVar("W", bound=Object)
D = TypeVar("D", bound=Wire)
UNREADABLE = "?"
MOST_PROBLEMS = 20  # told of one object: a list of its author's may have a hundred thousand of them


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
                return unreadable(kind, document, "metadata.name: missing")
            return _item(kind, item.metadata, read(item))
        except Invalid as error:
            return unreadable(kind, document, str(error))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return unreadable(kind, document, f"cannot be read: {error}")

    return parse


def _decode(document: object, wire: type[D]) -> D:
    if isinstance(document, bytes | msgspec.Raw):
        return msgspec.json.decode(document, type=wire)
    return msgspec.convert(document, type=wire)


def _item(kind: str, meta: Metadata, reading: Reading) -> Item:
    fact, problems = reading
    ref = Ref(kind, fact.namespace, meta.name)
    if len(problems) > MOST_PROBLEMS:
        more = f"metadata: {len(problems) - MOST_PROBLEMS} more problems"
        problems = (*problems[:MOST_PROBLEMS], more)
    return Item(ref, meta.uid, meta.resource_version, fact, problems)


class _Identity(Wire):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""


class _Identified(Wire):
    metadata: _Identity


def unreadable(kind: str, document: object, problem: str) -> Item:
    """An object of which only what identifies it, or nothing, can be read.

    It counts as absent, but for a NetworkPolicy: what it allows or shuts is then UNKNOWN, since
    an absent policy would read as "everything allowed".
    """
    try:
        meta = _decode(document, _Identified).metadata
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Item(Ref(kind, "", UNREADABLE), "", "", None, (problem,))
    ref, fact = Ref(kind, meta.namespace, meta.name or UNREADABLE), None
    if kind == "NetworkPolicy":
        fact = OpaquePolicy(meta.namespace or "default", ref.name, kind_name=kind)
    return Item(ref, meta.uid, meta.resource_version, fact, (problem,))
