"""The operator's rounds as they are told on its loopback API, each with the time that it came."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

import msgspec
import urllib3

from live.operatorprocess import Operator

_LONGEST = 120.0


class Object(msgspec.Struct, frozen=True):
    """An object's kind and name."""

    kind: str
    namespace: str
    name: str


class Change(msgspec.Struct, frozen=True):
    """A change, and the seconds from its arrival to the verdict, by the operator's own clock."""

    kind: str
    namespace: str
    name: str
    seconds: float

    @property
    def object(self) -> Object:
        """What changed."""
        return Object(self.kind, self.namespace, self.name)


class Finding(msgspec.Struct, frozen=True):
    """A finding that opened or closed."""

    check: str
    cause: Object


class _Flows(msgspec.Struct, frozen=True):
    count: int


class Round(msgspec.Struct, frozen=True, rename="camel"):
    """A round as it is told; `changed` may be cut, its first are the oldest."""

    number: int
    changes: int
    changed: list[Change]
    stage_seconds: dict[str, float]
    opened: list[Finding]
    closed: list[Finding]
    gained: _Flows
    lost: _Flows
    unsure: _Flows


class _Rounds(msgspec.Struct):
    rounds: list[Round]


class Seen(NamedTuple):
    """A round, and when it was seen: monotonic."""

    round: Round
    at: float


class Missed(Exception):
    """What was waited for did not come."""


class Follower:
    """Reads rounds in a thread of its own from where it begins on."""

    def __init__(self, operator: Operator) -> None:
        self._url = operator.urls["findings"].replace("/findings", "/rounds?after=")
        self._number = operator.round_number()
        self._http = urllib3.PoolManager(retries=False, timeout=_LONGEST)
        self._seen: list[Seen] = []
        self._news = threading.Condition()
        self._failure: Exception | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended = True  # it hears so when the operator answers, with a round or without
        self._http.clear()

    @property
    def count(self) -> int:
        """How many rounds have been seen."""
        return len(self._seen)

    def since(self, count: int) -> list[Seen]:
        """The rounds seen after so many."""
        return self._seen[count:]

    def wait(self, wanted: Callable[[Round], bool], since: int, what: str) -> Seen:
        """The first such round after so many; raises Missed."""
        deadline = time.monotonic() + _LONGEST
        with self._news:
            while True:
                for each in self._seen[since:]:
                    if wanted(each.round):
                        return each
                since = len(self._seen)
                left = deadline - time.monotonic()
                if self._failure or not self._news.wait(max(0.0, left)):
                    raise Missed(f"no round tells of {what}") from self._failure

    def _follow(self) -> None:
        try:
            while not self._ended:
                body = self._http.request("GET", f"{self._url}{self._number}").data
                at = time.monotonic()
                self._take(msgspec.json.decode(body, type=_Rounds).rounds, at)
        except (urllib3.exceptions.HTTPError, msgspec.MsgspecError) as error:
            with self._news:
                self._failure = error
                self._news.notify_all()

    def _take(self, rounds: list[Round], at: float) -> None:
        if not rounds:
            return
        if rounds[0].number != self._number + 1:
            raise msgspec.ValidationError("rounds were missed")
        self._number = rounds[-1].number
        with self._news:
            self._seen += [Seen(each, at) for each in rounds]
            self._news.notify_all()
