"""A finding: one cause, named, with what to do about it."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from hashlib import sha256

from reachaudit.model.names import Ref


class Severity(Enum):
    """How much a finding matters, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Finding:
    """One finding of a check.

    `cause` is the object at fault, `field` the field that opened it. `message` says what is so and
    why it matters here, `fix` what mends it. `target` tells findings of one cause apart: a backend,
    a direction. `path` are the hops, `rules` the ids of the rules that were applied.
    """

    check: str
    severity: Severity
    cause: Ref
    message: str
    fix: str
    field: str = ""
    target: str = ""
    path: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        """Where it counts and where its Events go."""
        return self.cause.name if self.cause.kind == "Namespace" else self.cause.namespace

    @cached_property
    def fingerprint(self) -> str:
        """Stable over runs, rollouts and restarts: no UID, pod or address goes into it."""
        parts = (self.check, *self.cause, self.target)
        return sha256("\0".join(parts).encode()).hexdigest()[:16]

    @cached_property
    def order(self) -> tuple[int, str, str, str, str]:
        """Worst first, then by namespace, check and cause."""
        cause = f"{self.cause} {self.target}"
        return self.severity.rank, self.namespace, self.check, cause, self.fingerprint
