"""The operator's histogram agrees with what was seen, or it is said where not."""

from math import inf

from bench.live.histogram import Histogram, change_to_verdict, disagreements
from live.exposition import Exposition

SCRAPE = """\
# TYPE reachaudit_change_to_verdict_seconds histogram
reachaudit_change_to_verdict_seconds_bucket{le="0.05"} %d.0
reachaudit_change_to_verdict_seconds_bucket{le="0.1"} %d.0
reachaudit_change_to_verdict_seconds_bucket{le="+Inf"} %d.0
reachaudit_change_to_verdict_seconds_count %d.0
reachaudit_change_to_verdict_seconds_sum %g
"""
OWN = [0.03] * 9 + [0.08]
OUTSIDE = [0.04] * 9 + [0.09]
TOLD = Histogram(10, sum(OWN), ((0.05, 9), (0.1, 10), (inf, 10)))


def scraped(*numbers: float) -> Histogram:
    return change_to_verdict(Exposition(SCRAPE % numbers))


def test_two_scrapes_give_what_came_between() -> None:
    before, after = scraped(5, 6, 6, 6, 0.25), scraped(14, 16, 16, 16, 0.6)
    between = after.since(before)
    assert (between.count, between.buckets) == (10, TOLD.buckets)
    assert round(between.total, 9) == 0.35
    assert after.since(scraped(0, 0, 0, 0, 0)) == after


def test_the_bucket_around_a_quantile() -> None:
    assert TOLD.around(0.5) == (0.0, 0.05)
    assert TOLD.around(0.99) == (0.05, 0.1)
    assert Histogram(1, 9.0, ((0.1, 0), (inf, 1))).around(0.5) == (0.1, inf)


def test_clocks_that_agree() -> None:
    assert list(disagreements(TOLD, OWN, OUTSIDE)) == []


def test_each_disagreement_is_told() -> None:
    fewer = Histogram(9, sum(OWN), TOLD.buckets)
    assert list(disagreements(fewer, OWN, OUTSIDE)) == ["the metric counts 9 changes of 10"]
    other = Histogram(10, 1.35, TOLD.buckets)
    assert list(disagreements(other, OWN, OUTSIDE)) == [
        "the metric's sum is 1.35 s, that of the rounds 0.35 s"
    ]
    slower = [0.08] * 9 + [0.03]
    of_slower = Histogram(10, sum(slower), TOLD.buckets)
    assert list(disagreements(of_slower, slower, [1.0] * 10)) == [
        "the metric's p50 lies in 0-0.05 s, that of the rounds does not"
    ]
    assert list(disagreements(TOLD, OWN, [0.02, *OUTSIDE[1:]])) == [
        "1 verdicts were seen sooner than the operator claims"
    ]
