"""`reachaudit diff`: flows gained and lost between two states."""

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reachaudit.cli.assume import assumptions
from reachaudit.cli.command import DIFFERENT, FINE, INPUT, Command, Failure
from reachaudit.cli.pieces import Basis, basis_of, in_haste, with_assumptions, write
from reachaudit.cli.source import add_source, from_cluster, from_files, tell
from reachaudit.cli.terminal import DIM, GREEN, RED, YELLOW, painted

if TYPE_CHECKING:
    from reachaudit.reach.listing.comparison import Comparison
    from reachaudit.reach.listing.shifts import Change, Changed
    from reachaudit.watch.snapshot import Snapshot

_COLOURS = {"gained": GREEN, "lost": RED, "unsure": YELLOW, "settled": DIM}


def _run(given: argparse.Namespace) -> int:
    with in_haste():
        return _answer(given)


def _answer(given: argparse.Namespace) -> int:
    chosen = assumptions(given)
    before, after = _states(given)
    from reachaudit.reach.listing.comparison import Comparison
    from reachaudit.reach.reachability import Reachability

    comparison = Comparison(Reachability(before.facts, chosen), Reachability(after.facts, chosen))
    changed = list(comparison.changed())
    write(_written(comparison, changed, given.output, basis_of(chosen, before, after)))
    return DIFFERENT if changed and given.exit_code else FINE


def _states(given: argparse.Namespace) -> "tuple[Snapshot, Snapshot]":
    """Before and after; raises Failure."""
    wanted = 1 if given.live else 2
    if len(given.paths) != wanted:
        raise Failure("name two PATHs, or --live and the PATH to apply to it", INPUT)
    after = from_files(given.paths[-1:])
    if not given.live:
        before = from_files(given.paths[:1])
        tell((*before.problems, *after.problems))
        return before, after
    from reachaudit.watch.files.applied import applied
    from reachaudit.watch.snapshot import Snapshot

    live = from_cluster(given)
    tell((*live.problems, *after.problems))
    facts = applied(live.facts, after.facts)
    return live, Snapshot(facts, after.problems, after.places, after.assumptions)


def _written(
    comparison: "Comparison", changed: "Sequence[Changed]", form: str, basis: Basis
) -> Iterator[str]:
    if form == "json":
        from reachaudit.outputs.diff_json import diff_json

        return diff_json(comparison.peers, changed, basis.assumed, basis.problems)
    from reachaudit.outputs.diff_text import diff_text

    told = diff_text(comparison.peers, comparison.own, changed, _paint)
    return with_assumptions(told, basis)


def _paint(text: str, change: "Change") -> str:
    return painted(text, _COLOURS[change.value])


def _add(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=("text", "json"),
        default="text",
        help="for a person, or for tools (default: text)",
    )
    parser.add_argument(
        "--exit-code", action="store_true", help="end with exit code 1 where flows differ"
    )


COMMAND = Command(
    "diff",
    "tell which flows a change opens and shuts",
    "Compare two states: the manifests of two PATHs, or a live cluster with itself once those of a "
    "PATH are applied to it. Nothing is applied or changed.",
    _add,
    _run,
)
