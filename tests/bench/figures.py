"""What a run of the benchmark yields."""

import sys
from collections.abc import Sequence
from math import ceil

import msgspec

FULL = 240  # edits of a full run; with fewer, other changes are measured fewer times too
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1_024  # the unit of getrusage

# Figures by name, whose end is the unit; `s`, `ms` and `us` are of CPU time. In order of reading.
FIGURES = {
    "scratch_s": "from scratch",
    "start_rss_mb": "RSS before",
    "peak_rss_mb": "RSS at peak",
    "edit_median_ms": "one policy changed: median",
    "edit_p99_ms": "one policy changed: p99",
    "pod_median_us": "pod replaced: median",
    "namespace_median_ms": "namespace relabelled: median",
    "label_key_median_ms": "new label key: median",
    "block_median_ms": "new block over pods: median",
    "all_pairs_s": "all pairs",
    "questions_s": "1,000 intents' questions",
    "cpu_s": "the whole process",
    "yaml_mb": "YAML read",
    "listed_flows": "listed",
}


class Spread(msgspec.Struct, frozen=True):
    """How a cost spreads over so many edits, in CPU milliseconds; `flows`: of all their deltas."""

    number: int
    median_ms: float
    p99_ms: float
    largest_ms: float
    flows: int


class Run(msgspec.Struct, frozen=True):
    """One cluster's figures, the spread of its edits by kind, and how many facts it has."""

    facts: int
    figures: dict[str, float]
    kinds: dict[str, Spread] = {}


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that such a part of all does not exceed."""
    return sorted(values)[max(0, ceil(part * len(values)) - 1)]


def rounded(value: float) -> float:
    """A figure without the digits that are noise."""
    return float(f"{value:.4g}")
