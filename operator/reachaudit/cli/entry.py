"""The commands, and the program that takes one of them."""

import argparse
import signal
from collections.abc import Sequence

from reachaudit import __version__
from reachaudit.cli import run
from reachaudit.cli.command import INPUT, Failure, fail
from reachaudit.settings import SettingError

COMMANDS = (run.COMMAND,)
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; answer its exit code."""
    given = parser().parse_args(arguments)
    command = next(command for command in COMMANDS if command.name == given.command)
    try:
        return command.run(given)
    except Failure as failure:
        return fail(str(failure), failure.code)
    except SettingError as error:
        return fail(str(error), INPUT)
    except KeyboardInterrupt:
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(
        prog="reachaudit", description="Always knows who can reach what in a Kubernetes cluster."
    )
    top.add_argument("--version", action="version", version=f"reachaudit {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(
            commands.add_parser(command.name, help=command.summary, description=command.description)
        )
    return top
