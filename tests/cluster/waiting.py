"""Waiting for a condition, with a deadline and never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.02


def wait_for(probe: Callable[[], T | None], what: str, seconds: float = 10.0) -> T:
    """The first true answer of `probe`; TimeoutError at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what} (last seen: {answer!r})")
        time.sleep(_PAUSE_SECONDS)
