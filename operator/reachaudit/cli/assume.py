"""The flags `--assume` and `--enforcer`, shared by all commands that judge."""

import argparse
from functools import reduce

from reachaudit.settings import OPTIONS, Assumptions, assume


def add_assume(parser: argparse.ArgumentParser) -> None:
    """Let a command's user choose assumptions."""
    parser.add_argument(
        "--assume",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="choose where Kubernetes leaves a rule open; `reachaudit assumptions` lists all there "
        "is to choose; may be repeated",
    )
    parser.add_argument(
        "--enforcer",
        metavar="NAME",
        help="the plugin that enforces NetworkPolicies, short for --assume enforcer=NAME: "
        f"{OPTIONS['enforcer'].choices}",
    )


def assumptions(given: argparse.Namespace) -> Assumptions:
    """The assumptions that were chosen; raises SettingError."""
    named = [f"enforcer={given.enforcer}"] if given.enforcer is not None else []
    return reduce(assume, [*given.assume, *named], Assumptions())
