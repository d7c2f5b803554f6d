"""Reading Kubernetes objects as the JSON that the API server sends."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

KubeObject: TypeAlias = Mapping[str, object]


def dig(value: object, *path: str | int) -> object:
    """What lies at `path` inside an object; None where there is nothing."""
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def text(value: object, *path: str | int) -> str:
    """The string at `path`; empty where there is none."""
    found = dig(value, *path)
    return found if isinstance(found, str) else ""


def objects(value: object, *path: str | int) -> Sequence[KubeObject]:
    """The list of objects at `path`; empty where there is none."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []
