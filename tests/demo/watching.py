"""What the operator makes of a change, asked of the operator itself: rounds as they come."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cluster.objects import KubeObject, dig, objects, text

# A change reaches the operator as several events (a Service, then its EndpointSlices): it is
# over once no round came for this long.
QUIET_SECONDS = 1.0
LONGEST_SECONDS = 30.0


class Operator(Protocol):
    """A running operator that serves its JSON."""

    def ask(self, path: str, seconds: float = 10.0) -> KubeObject | None:
        """A document of `/api/v1`; None where none came in time."""


class Finding(NamedTuple):
    """A finding as `/api/v1` gives it."""

    severity: str
    check: str
    kind: str
    name: str
    message: str
    fix: str
    fingerprint: str

    @property
    def object(self) -> str:
        """`Service shop/web`."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Flows:
    """How many flows, and the pairs that they join, for reading."""

    count: int
    pairs: tuple[str, ...]


@dataclass(frozen=True)
class Effect:
    """What came of a change. `seconds`: from the API server's answer to the last verdict of it."""

    opened: tuple[Finding, ...]
    closed: tuple[Finding, ...]
    gained: Flows
    lost: Flows
    seconds: float


class Watcher:
    """Follows the rounds of one operator."""

    def __init__(self, operator: Operator) -> None:
        self._operator, self._number = operator, 0

    def findings(self) -> tuple[Finding, ...]:
        """All open findings, worst first."""
        return tuple(map(_finding, objects(self._operator.ask("/api/v1/findings"), "findings")))

    def settle(self) -> None:
        """Let the rounds pass that are under way."""
        while self._rounds():
            pass

    def effect(self, answered: float) -> Effect:
        """Gather what a change causes; `answered`: when the API server had taken it, monotonic."""
        rounds: list[KubeObject] = []
        verdict, deadline = answered, time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < deadline:
            found = self._rounds()
            if any(map(_tells, found)):
                verdict = time.monotonic()
            if rounds and not found:
                break
            rounds += found
        opened, closed = (_findings(rounds, kind) for kind in ("opened", "closed"))
        return Effect(
            _without(opened, closed),
            _without(closed, opened),
            _flows(rounds, "gained"),
            _flows(rounds, "lost"),
            max(verdict - answered, 0.0),
        )

    def _rounds(self) -> Sequence[KubeObject]:
        """The rounds after the last one that is known; waits a little for the first of them."""
        found = self._operator.ask(f"/api/v1/rounds?after={self._number}", QUIET_SECONDS)
        rounds = objects(found, "rounds")
        for each in rounds:
            number = dig(each, "number")
            assert isinstance(number, int)
            self._number = number
        return rounds


def _tells(each: KubeObject) -> bool:
    """Whether a round opened or closed anything, findings or flows."""
    flows = (dig(each, kind, "count") for kind in ("gained", "lost"))
    return bool(objects(each, "opened") or objects(each, "closed")) or any(flows)


def _findings(rounds: Iterable[KubeObject], kind: str) -> tuple[Finding, ...]:
    return tuple(_finding(found) for each in rounds for found in objects(each, kind))


def _without(some: Iterable[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
    """What opened and closed again on the way is no news."""
    known = {other.fingerprint for other in others}
    return tuple(found for found in some if found.fingerprint not in known)


def _flows(rounds: Iterable[KubeObject], kind: str) -> Flows:
    count, pairs = 0, list[str]()
    for each in rounds:
        number, listed = dig(each, kind, "count"), dig(each, kind, "pairs")
        assert isinstance(number, int)
        assert isinstance(listed, list)
        count += number
        pairs += map(str, listed)
    return Flows(count, tuple(pairs))


def _finding(found: KubeObject) -> Finding:
    namespace, name = text(found, "cause", "namespace"), text(found, "cause", "name")
    return Finding(
        severity=text(found, "severity"),
        check=text(found, "check"),
        kind=text(found, "cause", "kind"),
        name=f"{namespace}/{name}" if namespace else name,
        message=text(found, "message"),
        fix=text(found, "fix"),
        fingerprint=text(found, "fingerprint"),
    )
