"""The skeleton of a case file: its headings and the fenced blocks below each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

if TYPE_CHECKING:
    from pathlib import Path


class CaseError(ValueError):
    """A case file that cannot be meant; the message begins with file and line."""


class Block(NamedTuple):
    """A fenced block; `line` is the number of its opening fence."""

    line: int
    words: list[str]
    lines: list[str]

    @property
    def kind(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def content(self) -> list[tuple[int, str]]:
        """Its lines with their numbers, without blank lines and comments."""
        numbered = enumerate((line.strip() for line in self.lines), self.line + 1)
        return [(number, line) for number, line in numbered if line and not line.startswith("#")]


@dataclass(frozen=True)
class Section:
    """A heading of level 1 or 2; deeper headings are prose."""

    level: int
    name: str
    line: int
    blocks: list[Block] = field(default_factory=list)


def fail(file: Path, line: int, message: str) -> NoReturn:
    """Refuse the file, saying where."""
    raise CaseError(f"{file}:{line}: {message}")


def read_sections(file: Path) -> list[Section]:
    """Split a file at its headings; what a fence encloses is never a heading."""
    sections: list[Section] = []
    block: Block | None = None
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
        if block is not None:
            if line.rstrip() == "```":
                block = None
            else:
                block.lines.append(line)
        elif line.lstrip().startswith(("```", "~~~")):
            block = _open(file, number, line, sections)
        elif heading := re.fullmatch(r"(##?) +(.+?) *", line):
            sections.append(Section(len(heading[1]), heading[2], number))
    if block is not None:
        fail(file, block.line, "this block is never closed")
    return sections


def _open(file: Path, number: int, line: str, sections: list[Section]) -> Block:
    if not line.startswith("```"):
        fail(file, number, "a block's fence is ``` at the start of the line")
    if not sections:
        fail(file, number, "a block stands below a heading")
    block = Block(number, line[3:].split(), [])
    sections[-1].blocks.append(block)
    return block
