"""`make bench`: what the engine costs, cluster by cluster, each in a process of its own.

Prints tables; the last line is the result as one JSON object, which is written to a file as well.
Exit codes: 0 measured, 1 a budget is exceeded and --check asks, 2 something could not be run.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.arguments import count
from bench.budgets import budgets, missed
from bench.children import Failed, python
from bench.figures import FIGURES, FULL, Run
from bench.growth import growth
from bench.listing import listed
from bench.machine import Machine, machine
from bench.report import FOLDER, tell, write
from bench.shapes import GROWTH, SHAPES

LIST = "list"
RUNS = ("2k", "10k", *GROWTH, "large40", LIST)
BUDGETS = Path(__file__).with_name("budgets.toml")


class Result(msgspec.Struct, frozen=True):
    """One run of the benchmark. `growth`: exponents by figure.

    `missed`: budgets, in sentences. `failed`: runs that did not come to their end.
    """

    schema: str
    began: str
    machine: Machine
    seed: int
    edits: int
    runs: dict[str, Run]
    growth: dict[str, float]
    missed: list[str]
    failed: list[str]


def main() -> int:
    """Run; answer the exit code."""
    given, limits = _arguments(), budgets(BUDGETS)
    began, here = datetime.now(UTC), machine()
    runs = dict(_runs(given.shapes, given.seed, given.edits))
    result = Result(
        "reachaudit.bench/v1",
        began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        here,
        given.seed,
        given.edits,
        runs,
        growth(runs),
        list(missed(runs, limits, FIGURES)),
        [name for name in given.shapes if name not in runs],
    )
    tell(result.runs, result.growth, limits, FIGURES)
    write(result, given.out or FOLDER / f"{began:%Y%m%dT%H%M%SZ}.json")
    if result.failed:
        return 2
    return 1 if given.check and result.missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--shapes", nargs="+", choices=(*SHAPES, LIST), default=RUNS)
    parser.add_argument("--edits", type=count, default=FULL, help="of one policy each, by shape")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a budget is missed")
    parser.add_argument("--out", type=Path, help=f"file for the result; else one in {FOLDER}/")
    return parser.parse_args()


def _runs(names: Iterable[str], seed: int, edits: int) -> Iterator[tuple[str, Run]]:
    """Each run that came to its end; of others it is told why not."""
    for name in names:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        try:
            yield name, _run(name, seed, edits)
        except Failed as error:
            print(f"bench: {name}: {error}", file=sys.stderr)


def _run(name: str, seed: int, edits: int) -> Run:
    if name == LIST:
        return listed(seed)
    ended = python("bench.costs", name, "--seed", str(seed), "--edits", str(edits))
    return msgspec.json.decode(ended.output, type=Run)


if __name__ == "__main__":
    sys.exit(main())
