"""The state of the cluster in a few numbers, for metrics."""

from collections import Counter
from dataclasses import dataclass, field

from reachaudit.reach.reachability import Reachability
from reachaudit.reach.unknowns import unknowns
from reachaudit.reach.verdict import Reason

ISOLATIONS = ("none", "ingress", "egress", "both", "unknown")
EXPOSURE_ZONES = ("internet", "private")


@dataclass(frozen=True)
class Summary:
    """Pods by isolation, workloads exposed by zone, flows that are UNKNOWN by reason."""

    pods: Counter[str] = field(default_factory=Counter)
    exposed: Counter[str] = field(default_factory=Counter)
    unknown: Counter[Reason] = field(default_factory=Counter)


def summarise(reach: Reachability) -> Summary:
    """Count what a state holds."""
    reached = {(e.zone, e.workload.ref) for e in reach.exposures if e.open}
    return Summary(
        pods=Counter(reach.isolation(pod) for pod in reach.identity.pods),
        exposed=Counter(zone for zone, _ in reached),
        unknown=unknowns(reach),
    )
