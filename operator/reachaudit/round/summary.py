"""The state of the cluster in a few numbers, for metrics."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reachaudit.checks.view import View
from reachaudit.model.facts import Pod
from reachaudit.model.store import Change
from reachaudit.reach.derived import Table
from reachaudit.reach.unknowns import unknowns
from reachaudit.reach.verdict import Reason

ISOLATIONS = ("none", "ingress", "egress", "both", "unknown")
EXPOSURE_ZONES = ("internet", "private")
SHARE = 0.05  # of the time may be spent on counting what is UNKNOWN: it looks at all pairs


@dataclass(frozen=True)
class Summary:
    """Pods by isolation, workloads exposed by zone, flows that are UNKNOWN by reason.

    `due`: seconds until it is worth while to count the last anew; 0.0 where they are as they are.
    """

    pods: Counter[str] = field(default_factory=Counter)
    exposed: Counter[str] = field(default_factory=Counter)
    unknown: Counter[Reason] = field(default_factory=Counter)
    due: float = 0.0


class Summaries:
    """Follows a state. Pods are counted by namespace, and only where something changed."""

    def __init__(self, view: View, timer: Callable[[], float]) -> None:
        """`view`: its crowds of pods serve checks as well. `timer`: seconds, for durations."""
        self._view, self._reach, self._timer = view, view.reach, timer
        self._isolations: Table[str, Counter[str]] = Table(self._reach.graph, self._count)
        self._counted: dict[str, Counter[str]] = {}
        self._pods = Counter[str]()
        self._unknown, self._next = Counter[Reason](), float("-inf")

    def follow(self, changes: Iterable[Change]) -> Summary:
        """The numbers after changes that the engine has taken over."""
        stale = self._isolations.stale
        stale |= {c.ref.namespace: None for c in changes if isinstance(c.new or c.old, Pod)}
        for namespace in list(stale):
            self._pods.subtract(self._counted.pop(namespace, {}))
            if counts := self._isolations[namespace]:
                self._counted[namespace] = counts
                self._pods.update(counts)
        exposed = Counter[str](self._reach.entries.exposed)
        return Summary(+self._pods, exposed, *self._unknowns())

    def _count(self, namespace: str) -> Counter[str]:
        counts = Counter(none=self._reach.identity.guests(namespace))
        for crowd in self._view.selectable(namespace):
            counts[self._reach.isolation(crowd.number)] += crowd.pods
        return +counts

    def _unknowns(self) -> tuple[Counter[Reason], float]:
        began = self._timer()
        if began < self._next:
            return self._unknown, self._next - began
        self._unknown = unknowns(self._reach)
        now = self._timer()
        self._next = now + (now - began) / SHARE
        return self._unknown, 0.0
