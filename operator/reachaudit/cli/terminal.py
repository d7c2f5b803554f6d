"""What standard output can show: colours, and lines of a width, on a terminal alone."""

import os
import shutil
import sys

RED, GREEN, YELLOW, CYAN, BOLD, BOLD_RED, DIM = "31", "32", "33", "36", "1", "1;31", "2"


def painted(text: str, colour: str) -> str:
    """Text in a colour, where there is a terminal that shows it and nobody minds."""
    minded = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if minded or not sys.stdout.isatty() else f"\x1b[{colour}m{text}\x1b[0m"


def width() -> int:
    """Columns of the terminal; 0 where there is none, and lines should stay whole."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
