"""The flag `--assume`, shared by all commands that judge."""

import argparse
from functools import reduce

from reachaudit.settings import Assumptions, assume


def add_assume(parser: argparse.ArgumentParser) -> None:
    """Let a command's user choose assumptions."""
    parser.add_argument(
        "--assume",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="choose where the platform leaves a rule open; "
        f"defaults: {', '.join(Assumptions().described())}",
    )


def assumptions(given: argparse.Namespace) -> Assumptions:
    """The assumptions that were chosen; raises SettingError."""
    return reduce(assume, given.assume, Assumptions())
