"""The examples in a Markdown page: `console` blocks, where `$` begins what a user types.

A line `…` stands for any lines that are left out. Blocks of other languages are not run.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cli.program import BIN, ROOT, SECONDS

LEFT_OUT = "…"
_BLOCK = re.compile(r"^```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n", re.MULTILINE)


class Example(NamedTuple):
    """What is typed, and what is then seen, both streams together; where that begins and ends."""

    command: str
    shown: str
    start: int
    end: int


def examples(text: str) -> list[Example]:
    """All examples of a page, in order."""
    return [example for block in _BLOCK.finditer(text) for example in _of_block(block)]


def run(found: list[Example]) -> list[str]:
    """What is really seen, in the root of the repository; `$?` is of the example before."""
    seen, code = [], 0
    for example in found:
        done = subprocess.run(
            ["bash", "-c", example.command.replace("$?", str(code))],
            cwd=ROOT,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=SECONDS,
        )
        seen.append(done.stdout)
        code = done.returncode
    return seen


def fits(shown: str, seen: str) -> bool:
    """Whether what a page shows is what is seen, but for what it leaves out."""
    lines = (re.escape(line) if line != LEFT_OUT else None for line in shown.splitlines())
    pattern = "".join("(?:.*\n)*?" if line is None else f"{line}\n" for line in lines)
    return re.fullmatch(pattern, seen) is not None


def rewrite(page: Path, found: list[Example], seen: list[str]) -> None:
    """Show what is seen, where nothing is left out."""
    text = page.read_text()
    for example, real in reversed(list(zip(found, seen, strict=True))):
        if LEFT_OUT not in example.shown.splitlines():
            text = text[: example.start] + real + text[example.end :]
    page.write_text(text)


def _of_block(block: re.Match[str]) -> Iterator[Example]:
    typed = list(_TYPED.finditer(block["body"]))
    assert typed, f"an example without a command: {block['body']}"
    ends = [*(each.start() for each in typed[1:]), len(block["body"])]
    for each, end in zip(typed, ends, strict=True):
        at = block.start("body")
        shown = block["body"][each.end() : end]
        yield Example(each["command"], shown, at + each.end(), at + end)
