"""`make bench-live`: what the operator costs against a real API server, cluster by cluster.

Each has a control plane of its own, filled straight into etcd. Prints tables; the last line is the
result as one JSON object, which is written to a file as well. Exit codes: 0 measured, 1 a budget
is exceeded and --check asks, 2 something could not be run, 130 Ctrl-C.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.arguments import count
from bench.budgets import budgets, missed
from bench.growth import growth
from bench.live.figures import FIGURES, LiveRun
from bench.live.follower import Missed
from bench.live.measure import Load, measure
from bench.live.verified import Wrong
from bench.machine import Machine, machine
from bench.report import FOLDER, tell, write
from bench.shapes import SHAPES
from cluster.controlplane import StartError
from cluster.gobuild import BuildError
from cluster.rest import ApiError, UnreachableError

BUDGETS = Path(__file__).with_name("budgets.toml")
_HELD = 0.98
RUNS = ("1k", "10k", "large")
_FAILURES = (ApiError, BuildError, Missed, StartError, TimeoutError, UnreachableError, Wrong)


class Result(msgspec.Struct, frozen=True):
    """One run of the benchmark. `growth`: exponents by figure.

    `missed`: budgets, and what else makes figures doubtful, in sentences. `failed`: runs that did
    not come to their end.
    """

    schema: str
    began: str
    machine: Machine
    seed: int
    load: Load
    runs: dict[str, LiveRun]
    growth: dict[str, float]
    missed: list[str]
    failed: list[str]


def main() -> int:
    """Run; answer the exit code."""
    given, limits = _arguments(), budgets(BUDGETS)
    began, here = datetime.now(UTC), machine()
    load = Load(given.changes, given.rate, given.seconds)
    runs = dict(_runs(given.shapes, given.seed, load))
    result = Result(
        "reachaudit.bench-live/v1",
        began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        here,
        given.seed,
        load,
        runs,
        growth(runs, RUNS),
        [*missed(runs, limits, FIGURES), *_doubts(runs, load)],
        [name for name in given.shapes if name not in runs],
    )
    tell(result.runs, result.growth, limits, FIGURES)
    write(result, given.out or FOLDER / f"live-{began:%Y%m%dT%H%M%SZ}.json")
    if result.failed:
        return 2
    return 1 if given.check and result.missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-live", description=__doc__)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=RUNS)
    parser.add_argument("--changes", type=count, default=100, help="of one policy each, by shape")
    parser.add_argument("--rate", type=count, default=500, help="pod events a second")
    parser.add_argument("--seconds", type=count, default=120, help="how long pods roll")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a budget is missed")
    parser.add_argument("--out", type=Path, help=f"file for the result; else one in {FOLDER}/")
    return parser.parse_args()


def _runs(names: Iterable[str], seed: int, load: Load) -> Iterator[tuple[str, LiveRun]]:
    """Each run that came to its end; of others it is told why not."""
    for name in names:
        print(f"bench-live: {name}", file=sys.stderr, flush=True)
        try:
            yield name, measure(SHAPES[name], seed, load)
        except _FAILURES as error:
            print(f"bench-live: {name}: {error}", file=sys.stderr)


def _doubts(runs: Mapping[str, LiveRun], load: Load) -> Iterator[str]:
    """Where the clocks disagree, or less was asked of the operator than was meant."""
    for name, run in runs.items():
        yield from (f"{name}: {sentence}" for sentence in run.disagreements)
        if (held := run.figures["churn_pods_per_s"]) < _HELD * load.rate:
            yield f"{name}: {held:g} pod events/s were held of {load.rate:g}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
