"""A change of an object for a person, ready to be made."""

from collections.abc import Iterator

import yaml

from reachaudit.outputs.text import safe
from reachaudit.reach.why.edits import Edit, Part
from reachaudit.reach.why.manifests import Json

_INDENT = "    "


def edit_lines(edit: Edit) -> Iterator[str]:
    """What to do, then the YAML for it, indented."""
    if edit.manifest is not None:
        yield f"create {safe(str(edit.ref))}:"
        yield from _yaml(edit.manifest)
    elif edit.new is None:
        yield f"delete {safe(str(edit.ref))}"
    elif len(edit.parts) == 1:
        first, *rest = _part_lines(edit.parts[0])
        yield f"in {safe(str(edit.ref))}, {first}"
        yield from rest
    else:
        yield f"in {safe(str(edit.ref))}:"
        for part in edit.parts:
            yield from (f"  {line}" for line in _part_lines(part))


def edit_summary(edit: Edit) -> str:
    """The same in a few words."""
    if edit.manifest is not None:
        return f"create {safe(str(edit.ref))}"
    first, *more = edit_lines(edit)
    dots = " …" if more else ""
    return f"{first.removesuffix(':')}{dots}"


def _part_lines(part: Part) -> Iterator[str]:
    short = part.value is None or isinstance(part.value, str | int | bool)
    value = "" if part.value is None else f" {_scalar(part.value)}" if short else ":"
    match part.action:
        case "add":
            yield f"add to {part.field}{value}"
        case "remove":
            yield f"remove {part.field}{value}"
        case "set":
            yield f"set {part.field} to{value}"
    if not short:
        yield from _yaml([part.value] if part.action == "add" else part.value)


def _scalar(value: Json) -> str:
    return safe(str(value).lower() if isinstance(value, bool) else str(value))


def _yaml(value: Json) -> Iterator[str]:
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=False, allow_unicode=False)
    for line in text.splitlines():
        yield f"{_INDENT}{safe(line)}"
