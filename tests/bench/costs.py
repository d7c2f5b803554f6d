"""`python -m bench.costs NAME`: what a cluster costs the engine, measured in this process.

Garbage is collected as Python does by itself, as in production. Prints a Run as JSON.
"""

import argparse
import resource
from collections import defaultdict
from collections.abc import Iterable, Iterator
from time import process_time
from typing import NamedTuple

import msgspec

from bench import edits
from bench.clusters import Cluster, cluster
from bench.figures import FULL, MAXRSS_BYTES, Run, Spread, quantile, rounded
from bench.questions import answers, questions
from bench.shapes import SHAPES
from reachaudit.reach.engine import Engine
from reachaudit.reach.flows import flows
from reachaudit.settings import Assumptions

ANY = "one policy changed"


def run(name: str, seed: int, number: int) -> Run:
    """Measure a shape with so many edits. The order counts: RSS is that of the changes alone."""
    made = cluster(SHAPES[name], seed)
    changes, engine, began = edits.creation(made.facts), Engine(Assumptions()), _Clock()
    figures = {"start_rss_mb": _peak_rss_mb()}
    engine.apply(changes)
    figures["scratch_s"] = began.seconds()
    del changes
    kinds = _spreads(engine, made, seed, number)
    figures |= {
        "peak_rss_mb": _peak_rss_mb(),
        "edit_median_ms": kinds[ANY].median_ms,
        "edit_p99_ms": kinds[ANY].p99_ms,
        "pod_median_us": kinds["pod replaced"].median_ms * 1_000,
        "namespace_median_ms": kinds["namespace relabelled"].median_ms,
        "label_key_median_ms": kinds["new label key"].median_ms,
        "block_median_ms": kinds["new block over pods"].median_ms,
    }
    asked, began = questions(made, seed), _Clock()
    answers(engine.reach, asked)
    figures["questions_s"] = began.seconds()
    began = _Clock()
    flows(engine.reach)
    figures["all_pairs_s"] = began.seconds()
    return Run(len(made.facts), {key: rounded(value) for key, value in figures.items()}, kinds)


class _Clock:
    """CPU seconds of this process since now."""

    def __init__(self) -> None:
        self._began = process_time()

    def seconds(self) -> float:
        return process_time() - self._began


def _peak_rss_mb() -> float:
    """The most memory that this process has had so far, or the small one that started it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES / 1e6


class _Cost(NamedTuple):
    kind: str
    milliseconds: float
    flows: int


def _spreads(engine: Engine, made: Cluster, seed: int, number: int) -> dict[str, Spread]:
    """The costs of changes by kind, those of all edits of one policy together first."""

    def times(full: int) -> int:
        return max(1, full * number // FULL)

    of_policies = list(_costs(engine, edits.edits(made, seed, number)))
    others = (
        *edits.pods_replaced(made, seed, times(1_000)),
        *edits.namespaces_relabelled(made, seed, times(40)),
        *edits.fresh_label_keys(made, seed),
        *edits.fresh_blocks(made, seed, times(10)),
    )
    by_kind: defaultdict[str, list[_Cost]] = defaultdict(list)
    for cost in (*of_policies, *_costs(engine, others)):
        by_kind[cost.kind].append(cost)
    return {kind: _spread(costs) for kind, costs in {ANY: of_policies, **by_kind}.items()}


def _costs(engine: Engine, wanted: Iterable[edits.Edit]) -> Iterator[_Cost]:
    """Make each edit, and undo it: that is not counted."""
    for edit in wanted:
        began = _Clock()
        delta = engine.apply(edit.changes)
        seconds = began.seconds()
        changed = len(delta.gained) + len(delta.lost) + len(delta.unsure)
        engine.apply(edit.undo)
        yield _Cost(edit.kind, seconds * 1_000, changed)


def _spread(costs: list[_Cost]) -> Spread:
    values = [cost.milliseconds for cost in costs]
    return Spread(
        len(costs),
        median_ms=rounded(quantile(values, 0.5)),
        p99_ms=rounded(quantile(values, 0.99)),
        largest_ms=rounded(max(values)),
        flows=sum(cost.flows for cost in costs),
    )


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.costs", description=__doc__)
    parser.add_argument("name", choices=SHAPES)
    parser.add_argument("--edits", type=int, default=FULL)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(msgspec.json.encode(run(given.name, given.seed, given.edits)).decode())


if __name__ == "__main__":
    main()
