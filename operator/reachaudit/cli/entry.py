"""The commands, and the program that takes one of them."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from reachaudit import __version__
from reachaudit.cli import assumptions, diff, explain, reachable_from, run, scan, who_can_reach
from reachaudit.cli import list as list_flows
from reachaudit.cli.command import INPUT, Command, Failure, fail
from reachaudit.settings import SettingError

_ALL = (
    list_flows.COMMAND,
    who_can_reach.COMMAND,
    reachable_from.COMMAND,
    explain.COMMAND,
    diff.COMMAND,
    scan.COMMAND,
    assumptions.COMMAND,
    run.COMMAND,
)
COMMANDS = {command.name: command for command in _ALL}
PLUGIN = "kubectl-reachaudit"  # the name by which kubectl finds it
INTERRUPTED = 128 + signal.SIGINT
UNREAD = 128 + signal.SIGPIPE
CODES = "exit codes: 0 fine, 1 findings or differences, 2 wrong input, 3 the cluster"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; answer its exit code."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except Failure as failure:
        return fail(str(failure), failure.code)
    except SettingError as error:
        return fail(str(error), INPUT)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _abandon_output()
        return UNREAD
    except OSError as error:
        _abandon_output()
        return fail(f"the output cannot be written: {error.strerror}", INPUT)


def parse(words: Sequence[str]) -> tuple[Command, argparse.Namespace]:
    """A command line's command and arguments; options may stand anywhere after the command."""
    command = COMMANDS[_program().parse_args(words[:1]).command]
    return command, parser(command).parse_intermixed_args(words[1:])


def parser(command: Command) -> argparse.ArgumentParser:
    """The parser of what stands after a command's name."""
    made = argparse.ArgumentParser(
        prog=f"{_name()} {command.name}",
        description=command.description,
        epilog=CODES,
        allow_abbrev=False,  # a flag to come must not change what scripts mean
    )
    command.add(made)
    return made


def _program() -> argparse.ArgumentParser:
    """The parser of a command's name."""
    told = "\n".join(f"  {name:15} {command.summary}" for name, command in COMMANDS.items())
    made = argparse.ArgumentParser(
        prog=_name(),
        usage="%(prog)s COMMAND [ARGUMENT…]",
        description="Always knows who can reach what in a Kubernetes cluster.",
        epilog=f"commands:\n{told}\n\n`%(prog)s COMMAND --help` tells all about one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("command", metavar="COMMAND", choices=COMMANDS, help=argparse.SUPPRESS)
    made.add_argument("--version", action="version", version=f"reachaudit {__version__}")
    return made


def _name() -> str:
    """What its user types: kubectl runs it as a plugin."""
    return "kubectl reachaudit" if Path(sys.argv[0]).stem == PLUGIN else "reachaudit"


def _run(words: Sequence[str]) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The formats are UTF-8, and no name in a manifest may end a command.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        command, given = parse(words)
        return command.run(given)
    finally:
        sys.stdout.flush()  # here, where its failure can be told


def _abandon_output() -> None:
    """Let Python end without another try to write what nobody takes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
