"""Paragraphs folded at the width of whoever reads them, and the one that says what was assumed."""

import textwrap
from collections.abc import Sequence


def assumed(assumptions: Sequence[str], width: int) -> str:
    """What verdicts rest on, as a paragraph."""
    return folded(f"Assumed: {'; '.join(assumptions)}.", width)


def folded(text: str, width: int, indent: str = "") -> str:
    """A paragraph in lines of a width; 0 leaves it whole."""
    if not width:
        return indent + text
    return textwrap.fill(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
