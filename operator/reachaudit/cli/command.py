"""What a command of the command line is, and how it ends."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

FINE, DIFFERENT, INPUT, CLUSTER = 0, 1, 2, 3  # DIFFERENT: findings or differences


@dataclass(frozen=True)
class Command:
    """A command: `add` gives its parser the arguments, `run` does it and answers the exit code.

    `run` may raise SettingError, whose sentence is told and ends in INPUT.
    """

    name: str
    summary: str
    description: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def fail(message: str, code: int) -> int:
    """Tell what went wrong in one sentence; answer the exit code."""
    print(f"reachaudit: {message}", file=sys.stderr)
    return code
