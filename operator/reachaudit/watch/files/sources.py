"""Which files a list of paths names, and what is in them."""

import io
import os
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple, TextIO

from reachaudit.settings import SettingError
from reachaudit.watch.snapshot import Problem

STDIN = "-"
SUFFIXES = (".yaml", ".yml", ".json")
LARGEST = 1 << 30  # bytes of one file


class FileError(SettingError):
    """A path that cannot be; the message is one sentence for its user."""


class Source(NamedTuple):
    """A file: what its user calls it, and its bytes."""

    name: str
    data: bytes


def sources(paths: Sequence[str], stdin: TextIO | BinaryIO | None) -> Iterator[Source | Problem]:
    """All that paths name, each file once; folders through and through, in order of name.

    Raises FileError, before anything is read.
    """
    _check(paths)
    seen: set[str] = set()
    for path in paths:
        if path == STDIN:
            yield _from_stdin(stdin)
            continue
        for found in _folder(path) if os.path.isdir(path) else (path,):
            if isinstance(found, Problem):
                yield found
            elif (real := os.path.realpath(found)) not in seen:
                seen.add(real)
                yield _read(found)


def _check(paths: Sequence[str]) -> None:
    if not paths:
        raise FileError("name a file or a folder of manifests, or - for the standard input")
    for path in paths:
        if path != STDIN and ("\0" in path or not os.path.lexists(path)):
            raise FileError(f"{path!r}: there is no such file or folder")
    if paths.count(STDIN) > 1:
        raise FileError("- stands twice: the standard input can be read once only")


def _folder(path: str) -> Iterator[str | Problem]:
    """Manifests in a folder and those below it; hidden folders are not for the cluster."""
    failed: list[OSError] = []
    found = False
    for folder, inner, names in os.walk(path, onerror=failed.append):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            file = os.path.join(folder, name)
            if name.endswith(SUFFIXES) and os.path.isfile(file):
                found = True
                yield file
    for error in failed:
        yield Problem(f"it cannot be read: {error.strerror}", place=str(error.filename))
    if not found and not failed:
        kinds = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
        yield Problem(f"the folder holds no manifests ({kinds})", place=path)


def _read(path: str) -> Source | Problem:
    try:
        with open(path, "rb") as file:
            return _bounded(path, file.read(LARGEST + 1))
    except OSError as error:
        return Problem(f"it cannot be read: {error.strerror}", place=path)


def _from_stdin(stdin: TextIO | BinaryIO | None) -> Source | Problem:
    stream = sys.stdin if stdin is None else stdin
    if isinstance(stream, io.TextIOWrapper):  # its encoding is the terminal's, not the manifest's
        stream = stream.buffer
    if stream is None:  # nobody gave the process one
        return Problem("it cannot be read: there is no standard input", place=STDIN)
    try:
        data = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: it is closed, or its text is at fault
        return Problem(f"it cannot be read: {error}", place=STDIN)
    return _bounded(STDIN, data if isinstance(data, bytes) else data.encode(errors="surrogatepass"))


def _bounded(name: str, data: bytes) -> Source | Problem:
    if len(data) > LARGEST:
        return Problem(f"it is larger than {LARGEST >> 20} MiB", place=name)
    return Source(name, data)
