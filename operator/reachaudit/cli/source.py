"""Where a command that asks takes its cluster from: manifests, or a live cluster read once.

What reads either is imported late: a command that reads files needs no client.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reachaudit.cli.assume import add_assume
from reachaudit.cli.command import CLUSTER, INPUT, Failure
from reachaudit.outputs.text import safe

if TYPE_CHECKING:
    from reachaudit.watch.snapshot import Problem, Snapshot


def add_source(parser: argparse.ArgumentParser) -> None:
    """Let a command's user name manifests or a live cluster, and choose assumptions."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        default=(),
        help="manifests, YAML or JSON: a file, a folder with all that is in it, or - for stdin",
    )
    add_live(parser)
    add_assume(parser)


def add_live(parser: argparse.ArgumentParser) -> None:
    """Let a command's user name a live cluster."""
    parser.add_argument(
        "--live", action="store_true", help="read a live cluster instead, once and read-only"
    )
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="with --live: use this kubeconfig, not the usual one"
    )
    parser.add_argument(
        "--context", metavar="NAME", help="with --live: use this context of the kubeconfig"
    )


def snapshot(given: argparse.Namespace) -> "Snapshot":
    """The cluster that `add_source`'s arguments name; its problems are told on stderr.

    Raises Failure where there is none.
    """
    if given.live and given.paths:
        raise Failure("name PATHs or --live, not both", INPUT)
    if not given.live and not given.paths:
        raise Failure("name manifests as PATH, or a live cluster by --live", INPUT)
    found = from_cluster(given) if given.live else from_files(given.paths)
    tell(found.problems)
    return found


def from_files(paths: Sequence[str]) -> "Snapshot":
    """The cluster that manifests describe; raises Failure where they cannot be read."""
    from reachaudit.watch.files import FileError, read

    try:
        return read(paths)
    except FileError as error:
        raise Failure(str(error), INPUT) from error


def from_cluster(given: argparse.Namespace) -> "Snapshot":
    """The live cluster that `add_live`'s arguments name; raises Failure where it cannot be read."""
    import asyncio

    from reachaudit.kube.credentials import Credentials
    from reachaudit.kube.errors import ClusterError
    from reachaudit.watch.once import read

    try:
        return asyncio.run(read(Credentials(given.kubeconfig, given.context)))
    except ClusterError as error:
        raise Failure(str(error), CLUSTER) from error


def tell(problems: "Iterable[Problem]") -> None:
    """Say on stderr what was not understood, a line each."""
    for problem in problems:
        print(line(problem), file=sys.stderr)


def line(problem: "Problem") -> str:
    """`file:line: object: sentence`, as far as it has them."""
    parts = (problem.place, str(problem.ref or ""), problem.text)
    return safe(": ".join(part for part in parts if part))
