"""Bytes of a file to its documents, whatever they hold."""

import codecs
from collections.abc import Iterator

from reachaudit.watch.files.documents import Document, Fault
from reachaudit.watch.files.jsontext import NoJson, read_object, skip
from reachaudit.watch.files.yamltext import read_yaml

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def documents(data: bytes) -> Iterator[Document | Fault]:
    """All documents of a file, JSON or YAML; each fault is told, and hides no other document."""
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    if encoding != "utf-16" and b"\0" in data:
        yield Fault(
            "it is no text: it holds a NUL byte", 1 + data.count(b"\n", 0, data.find(b"\0"))
        )
        return
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = 1 + error.object.count(b"\n", 0, error.start)
        yield Fault(f"it is no {encoding.upper()} text: {error.reason}", line)
        return
    yield from _read(text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text)


def _read(text: str) -> Iterator[Document | Fault]:
    """JSON first where it begins so; a later part of it may be YAML after all, as for kubectl."""
    at, line = 0, 1
    while (begin := skip(text, at)) < len(text):
        line += text.count("\n", at, begin)
        if text[begin] != "{" and (at == 0 or text.startswith("---", begin)):
            yield from read_yaml(text[begin:], line)
            return
        try:
            document, at = read_object(text, begin, line)
        except NoJson as error:
            if at:
                yield Fault(str(error), error.line)
            else:
                yield from read_yaml(text, 1)
            return
        yield document
        line += text.count("\n", begin, at)
