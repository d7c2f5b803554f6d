"""Fields that the API does not know: kubectl refuses an object that has one, as a slip."""

from collections.abc import Iterator

from msgspec import inspect

from reachaudit.model.kinds import NETWORK_POLICY, Kind
from reachaudit.model.objects.policies import PolicySpec

# Of other kinds not all fields are known here.
_SPECS = {NETWORK_POLICY.name: inspect.type_info(PolicySpec)}


def unknown_fields(kind: Kind, value: dict[str, object]) -> Iterator[str]:
    """The paths of an object's fields that its kind does not have, as far as this is known."""
    if kind.name in _SPECS:
        yield from _unknown(value.get("spec"), _SPECS[kind.name], "spec")


def _unknown(value: object, known: inspect.Type, path: str) -> Iterator[str]:
    if isinstance(known, inspect.UnionType):
        for each in known.types:
            yield from _unknown(value, each, path)
    elif isinstance(known, inspect.ListType) and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, known.item_type, f"{path}[{index}]")
    elif isinstance(known, inspect.StructType) and isinstance(value, dict):
        fields = {field.encode_name: field.type for field in known.fields}
        for name, inner in value.items():
            if name in fields:
                yield from _unknown(inner, fields[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
