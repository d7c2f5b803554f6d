"""`reachaudit who-can-reach`: the sources of all flows to an end."""

import argparse

from reachaudit.cli.command import Command
from reachaudit.cli.neighbours import ENDS, add_neighbours, tell


def _add(parser: argparse.ArgumentParser) -> None:
    add_neighbours(parser, f"{ENDS}, metadata, or a Service as svc:ns/name")


def _run(given: argparse.Namespace) -> int:
    return tell(given, "sources")


COMMAND = Command(
    "who-can-reach",
    "tell who can reach a pod, workload, Service, node or address",
    "Tell all flows to one end, and whether the internet, private networks or nodes have one.",
    _add,
    _run,
)
