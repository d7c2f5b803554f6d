"""Writes at a steady rate, straight into etcd."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from bench.live.churn import Write
from bench.live.stored import key_of, value_of
from cluster.etcd import Etcd

_TICK_SECONDS = 0.02


class Paced(NamedTuple):
    """How many writes were made in how many seconds."""

    writes: int
    seconds: float

    @property
    def rate(self) -> float:
        """Writes a second."""
        return self.writes / self.seconds


def pace(etcd: Etcd, writes: Iterator[Write], rate: float, seconds: float) -> Paced:
    """Write so many a second for so long; where that cannot be held, as many as can be."""
    began, number, size = time.monotonic(), 0, max(1, round(rate * _TICK_SECONDS))
    while number < rate * seconds:
        values: dict[str, bytes | None] = {}
        for write in islice(writes, size):
            for ref, fact in write.items():
                values[key_of(ref)] = None if fact is None else value_of(fact)
        etcd.write(values)
        number += size
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
    return Paced(number, time.monotonic() - began)
