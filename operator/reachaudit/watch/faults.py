"""What follows from a fault of a watch: how long to wait, what to say, whether to trust history."""

import logging

from reachaudit.kube.backoff import Backoff
from reachaudit.kube.errors import ApiError, Malformed, Unreachable, one_line
from reachaudit.watch.state import WatchState

Fault = ApiError | Unreachable | Malformed

RESUMES = 3  # after so many faults in a row a resource version is not trusted any more
RESUMABLE = (401, 403, 429, 500, 502, 503, 504)

log = logging.getLogger(__name__)


class Faults:
    """The faults of one kind's watch, which keep its state up to date."""

    def __init__(self, name: str, state: WatchState) -> None:
        self._name = name
        self._state = state
        self._backoff = Backoff()
        self._complaint = ""

    def contact(self, now: float) -> None:
        """The API server told something."""
        self._state.last_contact = now
        self._state.forbidden = False
        self._state.last_error = ""

    def over(self, now: float) -> None:
        """All is well: the watch tells what happens."""
        self.contact(now)
        self._backoff.reset()
        if self._complaint:
            log.info("%s: is watched again", self._name)
            self._complaint = ""

    def accept(self, fault: Fault, now: float) -> None:
        """The kind is refused, and what the store holds of it says so: that is up to date."""
        self._note(fault)
        self._state.last_contact = now
        self._backoff.reset()
        self._complaint = ""

    def delay(self, fault: Fault) -> float:
        """Note a fault; the seconds until the next try.

        One fault alone is the daily life of a watch. The next one is logged, once.
        """
        self._note(fault)
        if self._backoff.tries and self._state.last_error != self._complaint:
            self._complaint = self._state.last_error
            log.warning("%s: %s; will be tried again", self._name, self._complaint)
        return self._backoff.delay(fault.retry_after if isinstance(fault, ApiError) else 0.0)

    def resumable(self, fault: Fault) -> bool:
        """Whether the next watch may go on from where the last one was."""
        if isinstance(fault, Unreachable):
            return True
        refused = isinstance(fault, ApiError) and fault.status not in RESUMABLE
        return not refused and self._backoff.tries < RESUMES

    def _note(self, fault: Fault) -> None:
        self._state.forbidden = isinstance(fault, ApiError) and fault.status == 403
        self._state.last_error = one_line(fault)
