"""A user's hand: the changes that an explanation names, made on API objects as they are written."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

from cases.apiobject import Json, Key, Object, items, key_of, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reachaudit.reach.why.edits import Edit, Part

_TOKEN = re.compile(r"([A-Za-z]+)|\[([^\]]+)\]")


def changed(objects: Sequence[Object], edits: Iterable[Edit]) -> list[Object]:
    """The objects after some edits, and after what controllers make of them."""
    world = {key_of(obj): obj for obj in objects}
    for edit in edits:
        key = Key(edit.ref.kind, edit.ref.namespace, edit.ref.name)
        if edit.old is None:
            assert key not in world, f"{key} is there already"
            assert isinstance(edit.manifest, dict)
            assert key_of(edit.manifest) == key
            world[key] = edit.manifest
        elif edit.new is None:
            del world[key]
        else:
            world[key] = _edited(world[key], edit.parts)
        for gone in edit.follows:
            assert gone.ref.kind == "EndpointSlice"
            del world[Key(*gone.ref)]
    return list(world.values())


def without(objects: Iterable[Object], *gone: Key) -> list[Object]:
    """The objects without some."""
    return [obj for obj in objects if key_of(obj) not in gone]


def _edited(obj: Object, parts: tuple[Part, ...]) -> Object:
    """Fields are those of the object as it was, so what goes, goes from the end."""
    assert parts, "an edit that changes nothing"
    made = copy.deepcopy(obj)
    for part in sorted(parts, key=lambda part: _numbers(part.field), reverse=True):
        _change(made, _tokens(part.field), part)
    if made.get("kind") == "Service":
        _admit_service(made)
    return made


def _tokens(field: str) -> list[str | int]:
    tokens = [name or index for name, index in _TOKEN.findall(field)]
    assert "".join(re.split(r"[.\[\]]+", field)) == "".join(tokens).replace(".", ""), field
    return [int(token) if token.isdigit() else token for token in tokens]


def _numbers(field: str) -> list[int]:
    return [token for token in _tokens(field) if isinstance(token, int)]


def _change(at: Json, tokens: list[str | int], part: Part) -> None:
    first, *rest = tokens
    if first == "*" and isinstance(at, list):
        for each in at:
            _change(each, rest, part)
    elif first == "Ready" and isinstance(at, list):
        ready = next(mapping(c) for c in at if mapping(c).get("type") == "Ready")
        ready["status"] = part.value
    elif rest and isinstance(at, list) and isinstance(first, int):
        _change(at[first], rest, part)
    elif rest and isinstance(at, dict) and isinstance(first, str):
        _change(at.setdefault(first, {}), rest, part)
    else:
        _end(at, first, part)


def _end(at: Json, last: str | int, part: Part) -> None:
    if isinstance(at, list) and isinstance(last, int):
        assert part.action == "remove"
        del at[last]
        return
    assert isinstance(at, dict)
    assert isinstance(last, str)
    if part.action == "set":
        at[last] = part.value
    elif part.action == "add" and isinstance(at.get(last), str):
        at[last] = f"{at[last]},{part.value}"
    elif part.action == "add":
        at[last] = [*items(at.get(last)), part.value]
    elif part.value is None:
        del at[last]
    else:
        at[last] = [each for each in items(at[last]) if each != part.value]


def _admit_service(service: Object) -> None:
    """What the API server makes of a Service's type: node ports come and go (SVC-1)."""
    spec = mapping(service["spec"])
    for port in map(mapping, items(spec.get("ports"))):
        if text(spec.get("type")) == "NodePort":
            port.setdefault("nodePort", 30999)
        elif text(spec.get("type")) == "ClusterIP":
            port.pop("nodePort", None)
    if text(spec.get("type")) == "ClusterIP":
        service.pop("status", None)
