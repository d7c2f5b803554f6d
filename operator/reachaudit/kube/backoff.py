"""How long to wait before the next try."""

import random

FIRST = 0.25
LONGEST = 30.0


class Backoff:
    """Delays that double up to a cap, with jitter: many clients do not come back together."""

    def __init__(self) -> None:
        self.tries = 0

    def delay(self, at_least: float = 0.0) -> float:
        """Seconds to wait after one more failure."""
        longest = min(LONGEST, FIRST * 2.0 ** min(self.tries, 20))
        self.tries += 1
        return max(at_least, longest * random.uniform(0.5, 1.0))

    def reset(self) -> None:
        """Begin anew, after a success."""
        self.tries = 0
