"""From paths to a snapshot."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, TextIO

from reachaudit.model.names import Ref
from reachaudit.model.parse import UNREADABLE, Item
from reachaudit.watch.files.cluster import settled
from reachaudit.watch.files.documents import Fault
from reachaudit.watch.files.manifests import Manifest, Where, item_of, manifests, problem_of
from reachaudit.watch.files.sources import sources
from reachaudit.watch.files.texts import documents
from reachaudit.watch.snapshot import Places, Problem, Snapshot


def read(paths: Sequence[str], stdin: TextIO | BinaryIO | None = None) -> Snapshot:
    """The cluster that files, folders and `-` (the standard input) describe.

    Whatever cannot be read is a problem with its place, and hides nothing else. Raises FileError
    where a path cannot be, and nothing else.
    """
    items: dict[Ref, tuple[Item, Where]] = {}
    problems: list[Problem] = []
    for found in _objects(paths, stdin):
        if isinstance(found, Problem):
            problems.append(found)
            continue
        item = item_of(found)
        problems += [problem_of(found, item, text) for text in item.problems]
        if item.ref.name == UNREADABLE and item.fact is None:
            continue
        if item.ref.name != UNREADABLE and item.ref in items:
            _, former = items[item.ref]
            text = f"it stands twice: this one counts, not that at {former.place()}"
            problems.append(Problem(text, item.ref, found.where.place()))
        items[item.ref] = item, found.where
    facts, assumptions = settled([item for item, _ in items.values()])
    places = Places({ref: where.place for ref, (_, where) in items.items()})
    return Snapshot(facts, tuple(problems), places, assumptions)


def _objects(paths: Sequence[str], stdin: TextIO | BinaryIO | None) -> Iterator[Manifest | Problem]:
    for source in sources(paths, stdin):
        if isinstance(source, Problem):
            yield source
            continue
        for document in documents(source.data):
            if isinstance(document, Fault):
                yield Problem(document.text, place=f"{source.name}:{document.line}")
                continue
            for fault in document.faults:
                yield Problem(fault.text, place=f"{source.name}:{fault.line}")
            if document.value is not None:
                yield from manifests(source.name, document)
