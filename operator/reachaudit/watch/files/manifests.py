"""Documents as API objects: lists taken apart, kinds looked up, names and namespaces settled."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.model.kinds import KINDS, VENDOR_KINDS, Kind
from reachaudit.model.parse import UNREADABLE, Item, unreadable
from reachaudit.watch.files.allocation import ASKED
from reachaudit.watch.files.documents import ITEMS, Document, Path
from reachaudit.watch.files.mirrored import ENDPOINTS
from reachaudit.watch.files.scalers import SCALERS
from reachaudit.watch.files.strict import unknown_fields
from reachaudit.watch.files.templates import TEMPLATES
from reachaudit.watch.snapshot import Problem

# Of a kind that is here twice, the later counts: files say more of it than a cluster tells.
_READ = (*KINDS, *TEMPLATES, ASKED, ENDPOINTS, *SCALERS)
_KINDS = {(kind.api_version, kind.name.partition(".")[0]): kind for kind in _READ}
_OTHER_VERSION = {(kind.group, kind.name.partition(".")[0]): kind for kind in _READ}
# What the group extensions had is in other groups now, and served from there alone.
_FORMER = {name: kind for (_, name), kind in _KINDS.items() if kind not in VENDOR_KINDS}
_KUSTOMIZE = "kustomize.config.k8s.io"
_LISTING = {"apiVersion", "kind", "metadata", "resources"}  # what changes nothing that it lists
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_NAMESPACE = re.compile(r"(?=.{1,63}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_TYPED = re.compile(r"cannot be read: (.*) - at `\$\.(.*)`")
_UNQUOTED = re.compile(r"Expected `str(?: \| null)?`, got `(?:int|float|bool)`")


class Where(NamedTuple):
    """Where an object lies: the path to it in a document of a file."""

    file: str
    document: Document
    path: Path = ()

    def place(self, field: str = "") -> str:
        """`file:line` of a field, named as problems name it, or of the object itself."""
        return f"{self.file}:{self.document.line_of((*self.path, *_steps(field)))}"


class Manifest(NamedTuple):
    """An object of a kind that is read, and where it lies. `refusal`: why nobody would take it."""

    kind: Kind
    value: dict[str, object]
    where: Where
    refusal: str = ""


def _steps(field: str) -> Iterator[str | int]:
    for index, name in _STEP.findall(field):
        yield int(index) if index.isdecimal() and len(index) < 10 else index or name


def manifests(file: str, document: Document) -> Iterator[Manifest | Problem]:
    """The objects of a document that are of a kind that is read; other kinds are left alone."""
    whole = Where(file, document.lines_only())
    waiting: list[tuple[object, Where, object, object]] = [(document.value, whole, None, None)]
    while waiting:
        value, where, version, kind = waiting.pop()
        if not isinstance(value, dict):
            text = f"it is no API object but {_described(value)}"
            yield Problem(text, place=where.place())
            continue
        version, kind = value.get("apiVersion", version), value.get("kind", kind)
        if isinstance(kind, str) and kind.endswith("List") and ITEMS in value:
            items = value[ITEMS] or []
            if isinstance(items, list):
                inner = version, kind.removesuffix("List")
                places = (where._replace(path=(*where.path, ITEMS, i)) for i in range(len(items)))
                waiting += [(i, p, *inner) for i, p in zip(items, places, strict=True)][::-1]
            else:
                text = f"{ITEMS}: it is no list but {_described(items)}"
                yield Problem(text, place=where.place(ITEMS))
            continue
        found = _known(version, kind, value)
        if isinstance(found, str):
            yield Problem(found, place=where.place())
        elif found is not None:
            known, refusal = found
            yield Manifest(known, _settled(known, value), where, refusal)


def _known(
    version: object, kind: object, value: dict[str, object]
) -> tuple[Kind, str] | str | None:
    """The kind, and why its objects are refused if they are; a sentence where there is none.

    None for kinds that are not read.
    """
    if not isinstance(kind, str) or not kind:
        return "kind: missing, so it is no API object"
    if not isinstance(version, str) or not version:
        return "apiVersion: missing, so it is no API object"
    if served := _KINDS.get((version, kind)):
        return served, ""
    group = version.rpartition("/")[0]
    if group == _KUSTOMIZE and not _LISTING.issuperset(value):
        return "it is for kustomize, which is not run: read what `kubectl kustomize` prints"
    found = _FORMER.get(kind) if group == "extensions" else _OTHER_VERSION.get((group, kind))
    if found is None or found in VENDOR_KINDS:
        return (found, "") if found else None
    return found, f"apiVersion: {version} is not served, {found.api_version} is"


def _settled(kind: Kind, value: dict[str, object]) -> dict[str, object]:
    """An object with the namespace that it comes to lie in, and with some name if it has none."""
    meta = value.get("metadata")
    if not isinstance(meta, dict):
        return value
    changed = dict(meta)
    if not kind.namespaced:
        changed.pop("namespace", None)
    elif meta.get("namespace") in (None, ""):
        changed["namespace"] = "default"
    return {**value, "metadata": changed} if changed != meta else value


def item_of(manifest: Manifest) -> Item:
    """The fact of an object, or what is wrong with it."""
    kind, value = manifest.kind, manifest.value
    if manifest.refusal:
        return unreadable(kind.name, value, manifest.refusal)
    item = kind.parse(value)
    _, namespace, name = item.ref
    if name != UNREADABLE and not _NAME.fullmatch(name):
        return unreadable(kind.name, value, f"metadata.name: {name!r} is no name of an object")
    if namespace and not _NAMESPACE.fullmatch(namespace):
        problem = f"metadata.namespace: {namespace!r} is no name of a namespace"
        return unreadable(kind.name, value, problem)
    unknown = [f"{path}: there is no such field" for path in unknown_fields(kind, value)]
    return item._replace(problems=(*item.problems, *unknown)) if unknown else item


def problem_of(manifest: Manifest, item: Item, text: str) -> Problem:
    """A problem of an item, with the place of the field that it begins with."""
    if typed := _TYPED.fullmatch(text):
        text = f"{typed[2]}: {typed[1]}"
    if _UNQUOTED.search(text):
        text = f"{text}: write it in quotes"
    return Problem(text, item.ref, manifest.where.place(text.partition(": ")[0]))


def _described(value: object) -> str:
    match value:
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case str():
            return "a text"
        case bool():
            return "a truth value"
        case None:
            return "nothing"
        case _:
            return "a number"
