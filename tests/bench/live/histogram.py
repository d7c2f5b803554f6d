"""A histogram of the operator's metrics over a time, and whether it agrees with what was seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from bench.figures import quantile
from live.exposition import Exposition

_NAME = "reachaudit_change_to_verdict_seconds"
_TOLD_LATER = 0.005  # at most; the metric is set first, and the round is told in the same turn


@dataclass(frozen=True)
class Histogram:
    """`buckets`: how many values were not greater than each bound, the last of which is infinite"""

    count: int
    total: float
    buckets: tuple[tuple[float, int], ...]

    def since(self, before: "Histogram") -> "Histogram":
        """What has come in between."""
        earlier = dict(before.buckets)
        buckets = tuple((bound, number - earlier.get(bound, 0)) for bound, number in self.buckets)
        return Histogram(self.count - before.count, self.total - before.total, buckets)

    def around(self, part: float) -> tuple[float, float]:
        """The bounds of the bucket that holds the value which such a part does not exceed."""
        least = 0.0
        for bound, number in self.buckets:
            if number >= part * self.count:
                return least, bound
            least = bound
        return least, inf


def change_to_verdict(scraped: Exposition) -> Histogram:
    """`reachaudit_change_to_verdict_seconds` in a scrape."""
    buckets = scraped.by(f"{_NAME}_bucket", "le")
    return Histogram(
        int(scraped.value(f"{_NAME}_count")),
        scraped.value(f"{_NAME}_sum"),
        tuple(sorted((float(bound), int(number)) for (bound,), number in buckets.items())),
    )


def disagreements(told: Histogram, own: Sequence[float], outside: Sequence[float]) -> Iterator[str]:
    """Sentences. `told`: the metric of just these changes; `own`: as rounds tell of each of them;
    `outside`: from the request to what was seen.
    """
    if told.count != len(own):
        yield f"the metric counts {told.count} changes of {len(own)}"
        return
    if not 0 <= sum(own) - told.total <= _TOLD_LATER * len(own):
        yield f"the metric's sum is {told.total:g} s, that of the rounds {sum(own):g} s"
    for part in (0.5, 0.99):
        least, most = told.around(part)
        if not least <= quantile(own, part) <= most + _TOLD_LATER:
            name = f"p{part * 100:g}"
            yield f"the metric's {name} lies in {least:g}-{most:g} s, that of the rounds does not"
    if early := sum(seen < claimed for seen, claimed in zip(outside, own, strict=True)):
        yield f"{early} verdicts were seen sooner than the operator claims"
