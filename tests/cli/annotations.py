"""GitHub's workflow commands read as the runner reads them."""

import re
from typing import NamedTuple

_LINE = re.compile(r"::(?P<command>[a-z]+) (?P<properties>[^:]*)::(?P<message>.*)")
_ESCAPES = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}


class Annotation(NamedTuple):
    """A command that annotates."""

    command: str
    properties: dict[str, str]
    message: str


def annotations(text: str) -> list[Annotation]:
    """Every line must be one; properties end at the first `::`."""
    return [_annotation(line) for line in text.splitlines()]


def _annotation(line: str) -> Annotation:
    found = _LINE.fullmatch(line)
    assert found, line
    pairs = (pair.partition("=") for pair in found["properties"].split(","))
    properties = {name: _decoded(value) for name, _, value in pairs}
    return Annotation(found["command"], properties, _decoded(found["message"]))


def _decoded(text: str) -> str:
    return re.sub("%25|%0D|%0A|%3A|%2C", lambda found: _ESCAPES[found[0]], text)
