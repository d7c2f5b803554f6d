"""`reachaudit reachable-from`: the targets of all flows from an end."""

import argparse

from reachaudit.cli.command import Command
from reachaudit.cli.neighbours import ENDS, add_neighbours, tell


def _add(parser: argparse.ArgumentParser) -> None:
    add_neighbours(parser, ENDS)


def _run(given: argparse.Namespace) -> int:
    return tell(given, "targets")


COMMAND = Command(
    "reachable-from",
    "tell whom a pod, workload, node or address can reach",
    "Tell all flows from one end, and whether it reaches the internet, private networks, the "
    "cloud's metadata service or nodes.",
    _add,
    _run,
)
