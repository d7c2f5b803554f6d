"""What a command of the command line is, and how it ends."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from reachaudit.outputs.text import safe

FINE, DIFFERENT, INPUT, CLUSTER = 0, 1, 2, 3  # DIFFERENT: findings or differences


@dataclass(frozen=True)
class Command:
    """A command: `add` gives its parser the arguments, `run` does it and answers the exit code.

    `run` may raise Failure, and SettingError, which ends in INPUT.
    """

    name: str
    summary: str
    description: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


class Failure(Exception):
    """What ends a command: one sentence for its user, and the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def fail(message: str, code: int) -> int:
    """Tell what went wrong in one sentence; answer the exit code."""
    print(f"reachaudit: {safe(message)}", file=sys.stderr)
    return code
