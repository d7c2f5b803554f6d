"""YAML texts: documents, and what is wrong with those that are none."""

import re
from collections.abc import Iterator

from yaml.error import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from reachaudit.watch.files.documents import Document, Fault
from reachaudit.watch.files.yamlvalues import Builder, Unreadable

_BREAK = re.compile(r"^---(?=\s|$)", re.MULTILINE)


def read_yaml(text: str, line: int = 1) -> Iterator[Document | Fault]:
    """The documents of a text that begins on a line; one that is at fault does not hide others."""
    builder, begin = Builder(), 0
    for end in _breaks(text):
        yield from _documents(builder, text[begin:end], line)
        line += text.count("\n", begin, end)
        begin = end


def _documents(builder: Builder, chunk: str, line: int) -> Iterator[Document | Fault]:
    """The documents of a chunk up to the first that is at fault."""
    try:
        yield from builder.documents(chunk, line)
    except Unreadable as error:
        yield Fault(_hinted(str(error), chunk, line), line + error.line)
    except YAMLError as error:
        at, text = _explained(error, chunk, line)
        yield Fault(_hinted(text, chunk, line), at)


def _breaks(text: str) -> Iterator[int]:
    """Where a document ends and another begins, as kubectl sees it: at lines of `---`."""
    begin = 0
    for match in _BREAK.finditer(text):
        end = match.start()
        if text.startswith("---", begin) or not _directives(text[begin:end]):
            yield end
            begin = end
    yield len(text)


def _directives(chunk: str) -> bool:
    """Whether it is only what may stand in front of a document's `---`."""
    lines = [line for line in chunk.splitlines() if line.strip()]
    return all(line[0] in "%#" for line in lines)


def _explained(error: YAMLError, chunk: str, line: int) -> tuple[int, str]:
    """The line of libyaml's error in the file, and a sentence."""
    if isinstance(error, ReaderError):
        before = chunk.encode()[: error.position]
        return line + before.count(b"\n"), f"no YAML: {error.reason}"
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return line, f"no YAML: {error}"
    mark, context = error.problem_mark, error.context_mark
    at = line + min(mark.line, chunk.rstrip("\n").count("\n"))  # the end is no line of its own
    if chunk[mark.index : mark.index + 1] == "\t":
        return at, "no YAML: a tab stands where only spaces may"
    text = f"no YAML: {error.problem}"
    if context is not None and context.line != mark.line:
        text = f"{text} {error.context} that begins on line {line + context.line}"
    return at, text


def _hinted(text: str, chunk: str, line: int) -> str:
    """The sentence; with a hint where the text is a template and no manifest yet."""
    at = chunk.find("{{")
    if at < 0:
        return text
    where = line + chunk.count("\n", 0, at)
    return f"{text}; line {where} holds a template, {{{{: render it first, as `helm template` does"
