"""How long the operator's event loop stands still, as a prober and a Prometheus would feel it."""

import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import urllib3

from live.operatorprocess import Operator

_EACH_SECONDS = 0.05
_SCRAPE_SECONDS = 15.0
_LONGEST = 120.0


class Health:
    """Asks /healthz again and again, and scrapes /metrics now and then, from a thread.

    What answers is the event loop: it stood still for as long as the answer took, or a little more.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._http = urllib3.PoolManager(retries=False, timeout=_LONGEST)
        self._longest, self._scrapes = 0.0, list[float]()
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._ask, name="health")

    def start(self) -> None:
        """Begin, once the operator has a process."""
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread.ident:
            self._thread.join()
        self._http.clear()

    def longest(self) -> float:
        """The most seconds that an answer took since this was asked last."""
        with self._lock:
            longest, self._longest = self._longest, 0.0
        return longest

    def scrapes(self) -> list[float]:
        """The seconds that each scrape took since this was asked last."""
        with self._lock:
            scrapes, self._scrapes = self._scrapes, []
        return scrapes

    def _ask(self) -> None:
        url, scraped = "", time.monotonic()
        while not self._ended.wait(_EACH_SECONDS):
            if not url:
                with suppress(OSError):  # where it has failed to start, its log is gone
                    url = self._operator.health
                continue
            seconds = self._seconds(url)
            with self._lock:
                self._longest = max(self._longest, seconds)
            if time.monotonic() - scraped > _SCRAPE_SECONDS:
                scraped = time.monotonic()
                seconds = self._seconds(url.replace("/healthz", "/metrics"))
                with self._lock:
                    self._scrapes.append(seconds)

    def _seconds(self, url: str) -> float:
        began = time.monotonic()
        with suppress(urllib3.exceptions.HTTPError):  # at the end nobody answers
            self._http.request("GET", url)
        return time.monotonic() - began
