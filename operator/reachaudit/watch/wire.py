"""What lists and watches look like on the wire; objects in them stay undecoded."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from reachaudit.kube.answers import Status
from reachaudit.kube.client import JSON
from reachaudit.kube.errors import Malformed
from reachaudit.model.kinds import Kind

T = TypeVar("T")
_END = "k8s.io/initial-events-end"
METADATA = f"{JSON};as=PartialObjectMetadata{{}};g=meta.k8s.io;v=v1,{JSON}"


class ListMeta(msgspec.Struct, rename="camel"):
    """`metadata` of a list; `next` is the `continue` token, "" on the last page."""

    resource_version: str
    next: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct):
    """One page of a list."""

    kind: str
    metadata: ListMeta
    items: Sequence[msgspec.Raw] | None = None


class Event(msgspec.Struct):
    """One frame of a watch."""

    type: str
    object: msgspec.Raw


class _Versioned(msgspec.Struct):
    metadata: ListMeta


class _Mark(ListMeta, rename="camel"):
    annotations: dict[str, str] = {}


class _Marked(msgspec.Struct):
    metadata: _Mark


def list_accept(kind: Kind) -> str:
    """The form in which a kind's lists are asked for."""
    return METADATA.format("List") if kind.metadata_only else JSON


def watch_accept(kind: Kind) -> str:
    """The form in which a kind's events are asked for."""
    return METADATA.format("") if kind.metadata_only else JSON


def page_of(body: bytes) -> Page:
    """A page of a list; whatever is not certainly one must not count as an empty list."""
    page = _decode(body, Page)
    if not page.kind.endswith("List") or not page.metadata.resource_version:
        raise Malformed("an answer that is not a list")
    return page


def event_of(frame: bytes) -> Event:
    """A frame of a watch."""
    return _decode(frame, Event)


def bookmark_of(event: Event) -> str:
    """The resource version that a bookmark tells."""
    return _decode(event.object, _Versioned).metadata.resource_version


def end_of(event: Event) -> str:
    """The resource version of the bookmark that ends a list by watch, which must be this one."""
    mark = _decode(event.object, _Marked).metadata
    if mark.annotations.get(_END) != "true":
        raise Malformed("a watch goes on before it has told all objects")
    return mark.resource_version


def status_of(event: Event) -> Status:
    """The Status in an ERROR frame."""
    return _decode(event.object, Status)


def follows(version: str, other: str) -> bool:
    """Whether a resource version is certainly not older than another."""
    return version.isdecimal() and other.isdecimal() and int(version) >= int(other)


def _decode(data: bytes | msgspec.Raw, wire: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=wire)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Malformed(f"an answer that cannot be read: {error}") from error
