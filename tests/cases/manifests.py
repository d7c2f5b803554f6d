"""YAML documents as plain JSON: no dates, and no key written twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from cases.terse import WorldError

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cases.apiobject import Json, Object


class _Loader(yaml.SafeLoader):
    """The safe loader, without timestamps, and strict about duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Json]:
        keys = [key.value for key, _ in node.value]
        doubled = {key for key in keys if keys.count(key) > 1}
        if doubled:
            line = node.start_mark.line + 1
            raise WorldError(f"line {line} of the YAML: {sorted(doubled)} stands twice")
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_manifests(text: str) -> list[Object]:
    """Read the API objects of a block; an empty document is none."""
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        raise WorldError(f"no YAML: {' '.join(str(error).split())}") from error
    objects = [document for document in documents if document is not None]
    if not objects:
        raise WorldError("this block holds no object")
    for document in objects:
        if not isinstance(document, dict):
            raise WorldError(f"an API object is a mapping, not {document!r}")
    return objects
