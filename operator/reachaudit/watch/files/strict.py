"""Fields that the API does not know: kubectl refuses an object that has one, as a slip."""

from collections.abc import Iterator

from msgspec import inspect

from reachaudit.model.kinds import NETWORK_POLICY, Kind
from reachaudit.model.objects.policies import PolicySpec

# Of an object its fields, of a list what its items are; None for what has no parts of its own.
_Shape = dict[str, "_Shape"] | list["_Shape"] | None


def unknown_fields(kind: Kind, value: dict[str, object]) -> Iterator[str]:
    """The paths of an object's fields that its kind does not have, as far as this is known."""
    if kind.name in _SPECS:
        yield from _unknown(value.get("spec"), _SPECS[kind.name], "spec")


def _unknown(value: object, shape: _Shape, path: str) -> Iterator[str]:
    if isinstance(shape, list) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, shape[0], f"{path}[{index}]")
    elif isinstance(shape, dict) and isinstance(value, dict):
        for name, inner in value.items():
            if name not in shape:
                yield f"{path}.{name}"
            elif (part := shape[name]) is not None:
                yield from _unknown(inner, part, f"{path}.{name}")


def _shape(known: inspect.Type) -> _Shape:
    match known:
        case inspect.UnionType():
            shapes = [shape for each in known.types if (shape := _shape(each)) is not None]
            return shapes[0] if shapes else None
        case inspect.ListType():
            return [_shape(known.item_type)]
        case inspect.StructType():
            return {field.encode_name: _shape(field.type) for field in known.fields}
        case _:
            return None


_SPECS = {NETWORK_POLICY.name: _shape(inspect.type_info(PolicySpec))}  # of others not all is known
