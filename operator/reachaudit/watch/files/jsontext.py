"""JSON as plain values: one object, or several one after another."""

import json
import re
from typing import NoReturn

from reachaudit.watch.files.documents import ITEMS, Document, Fault

_SPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class NoJson(Exception):
    """A text that goes on as no JSON; the message says why, `line` where."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


class _Refused(ValueError):
    """What Python takes for JSON and others do not."""


def read_object(text: str, begin: int, line: int) -> tuple[Document, int]:
    """The value that begins at a place and a line, and where it ends; raises NoJson."""
    doubled: list[str] = []

    def take(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            doubled.extend(key for key in found if keys.count(key) > 1)
        return found

    decoder = json.JSONDecoder(object_pairs_hook=take, parse_constant=_refuse)
    try:
        value, end = decoder.raw_decode(text, begin)
        if _SURROGATE.search(text, begin, end):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise NoJson(f"no JSON: {error.msg}", error.lineno) from error
    except UnicodeEncodeError as error:
        raise NoJson("no JSON: half of a surrogate pair", line) from error
    except _Refused as error:
        raise NoJson(f"no JSON: {error}", line) from error
    except ValueError as error:  # Python's own limit
        raise NoJson("no JSON: a number has too many digits", line) from error
    except RecursionError as error:
        raise NoJson("no JSON: it is nested too deeply", line) from error
    faults = [Fault(f"the key {key!r} stands twice in one object", line) for key in doubled]
    listed = isinstance(value, dict) and isinstance(value.get(ITEMS), list)
    items = _items(text, begin, line) if listed else []
    return Document(value, line, text[begin:end], line, items, faults), end


def _items(text: str, begin: int, line: int) -> list[int]:
    """The lines on which the items of a list of objects begin; the JSON is known to be right."""
    lines: list[int] = []
    decode = json.JSONDecoder().raw_decode
    at = skip(text, begin + 1)
    while text[at] != "}":
        key, at = decode(text, at)
        at = skip(text, skip(text, at) + 1)
        if key == ITEMS and text[at] == "[":
            lines = []
            at = skip(text, at + 1)
            while text[at] != "]":
                lines.append(line + text.count("\n", begin, at))
                line, begin = lines[-1], at
                at = _next(text, decode(text, at)[1])
            at += 1
        else:
            _, at = decode(text, at)
        at = _next(text, at)
    return lines


def _next(text: str, at: int) -> int:
    """Past a comma, if there is one, to what comes next."""
    at = skip(text, at)
    return skip(text, at + 1) if text[at] == "," else at


def skip(text: str, at: int) -> int:
    """Past white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _refuse(constant: str) -> NoReturn:
    raise _Refused(f"{constant} is no number of JSON")
