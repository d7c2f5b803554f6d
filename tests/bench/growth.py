"""How cost grows with the cluster: the exponent of a power law through runs of several sizes."""

from collections.abc import Mapping, Sequence
from math import log
from statistics import linear_regression

from bench.figures import Run
from bench.shapes import GROWTH, SHAPES


def growth(runs: Mapping[str, Run], names: Sequence[str] = GROWTH) -> dict[str, float]:
    """Each figure's exponent x in pods^x, where at least two such sizes were run: 1 is linear."""
    sizes = [name for name in names if name in runs]
    if len(sizes) < 2:
        return {}
    pods = [log(SHAPES[name].pods) for name in sizes]
    return {
        figure: round(linear_regression(pods, [log(v) for v in values]).slope, 2)
        for figure in runs[sizes[0]].figures
        if min(values := [runs[name].figures[figure] for name in sizes]) > 0
    }
