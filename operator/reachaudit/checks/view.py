"""What checks look at: reachability, less the namespaces that are left out.

All that is read here is noted (`reach/derived.py`), so that a unit is judged again when it changes.
Pods come and go all the time: who asks for their sorts or crowds is not asked again while these
stay the same.
"""

from typing import NamedTuple, TypeVar

from reachaudit.model.facts import (
    Direction,
    Fact,
    Ingress,
    Labels,
    NetworkPolicy,
    OpaquePolicy,
    Pod,
    Service,
    ServicePort,
)
from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach.derived import Table
from reachaudit.reach.exposure import Exposure
from reachaudit.reach.party import Party
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.services import usable
from reachaudit.reach.signatures import Signatures
from reachaudit.reach.workloads import Workload
from reachaudit.reach.zones import in_zone

F = TypeVar("F", bound=Fact)
_ENDED = ("Succeeded", "Failed")


class Sort(NamedTuple):
    """What selectors can tell of a pod."""

    labels: Labels
    host_network: bool


class Crowd(NamedTuple):
    """So many pods of a class."""

    number: int
    workload: Workload
    pods: int


class View:
    """The cluster as checks see it; all answers in a fixed order."""

    def __init__(self, reach: Reachability, excluded: frozenset[str]) -> None:
        self.reach, self._excluded = reach, excluded
        self._doors: Table[None, frozenset[Ref]] = Table(reach.graph, self._find_doors)
        self._internet: Table[Family, dict[Party, int]] = Table(reach.graph, self._find_internet)
        self._sorts: Table[str, frozenset[Sort]] = Table(reach.graph, self._find_sorts)
        self._crowds: Table[str, tuple[Crowd, ...]] = Table(reach.graph, self._find_crowds)

    def leaves_out(self, namespace: str) -> bool:
        """Whether nothing is found in a namespace."""
        return namespace in self._excluded

    def get(self, kind: type[F], ref: Ref) -> F | None:
        """One fact; None where it is gone, or its namespace is left out."""
        return None if self.leaves_out(ref.namespace) else self.reach.facts.get(kind, ref)

    def pods_in(self, namespace: str) -> list[Pod]:
        """All pods of a namespace, also such as have not started or have ended."""
        return list(self.reach.facts.within(Pod, namespace))

    def sorts(self, namespace: str) -> frozenset[Sort]:
        """The pods of a namespace that have not ended, also such as have not started, by sort."""
        return self._sorts[namespace]

    def selectable(self, namespace: str) -> tuple[Crowd, ...]:
        """Live pods that a policy can select: hostNetwork pods are not (NP-47)."""
        return self._crowds[namespace]

    def governed(self, namespace: str) -> bool:
        """Whether a namespace has a policy of its own, NetworkPolicy or a vendor's."""
        facts = self.reach.facts
        others = facts.within(OpaquePolicy, namespace)
        return any(facts.within(NetworkPolicy, namespace)) or any(not p.is_view for p in others)

    def unisolated(self, namespace: str, direction: Direction) -> tuple[Crowd, ...]:
        """Pods of a namespace that nothing isolates in a direction, as far as is known (NP-5)."""
        profiles = self.reach.judge.profiles(direction)
        return tuple(
            crowd
            for crowd in self.selectable(namespace)
            if not profiles.of(crowd.number).isolated and not profiles.of(crowd.number).opaque
        )

    def alive(self, service: Service, port: ServicePort) -> bool:
        """Whether anything usable stands behind a Service port, in any family (SVC-13)."""
        services = self.reach.services
        return any(usable(services.backends(service, port, f)) for f in service.families)

    def is_door(self, pod: Ref) -> bool:
        """Whether a pod is the data path of some Ingress (ING-15)."""
        return pod in self._doors[None]

    def name(self, party: Party) -> str:
        """What a person calls an end of a connection: a pod by its workload."""
        return str(self.reach.identity.workloads[party.pod.ref] if party.pod else party)

    def internet(self, family: Family) -> dict[Party, int]:
        """The internet: one client for all whom blocks do not tell apart, with their addresses'
        number.
        """
        return self._internet[family]

    def exposed_by(self, ref: Ref) -> tuple[Exposure, ...]:
        """The ways in from outside that an object opens."""
        return self.reach.exposed.by[ref]

    def internet_reaches(self, workload: Workload) -> bool:
        """Whether clients in the internet surely reach a workload."""
        return self.reach.entries.reach("internet", workload.ref)

    def _find_sorts(self, namespace: str) -> frozenset[Sort]:
        pods = self.pods_in(namespace)
        return frozenset(Sort(p.labels, p.host_network) for p in pods if p.phase not in _ENDED)

    def _find_crowds(self, namespace: str) -> tuple[Crowd, ...]:
        counted = self.reach.identity.crowds(namespace)
        return tuple(sorted(Crowd(*key, number) for key, number in counted.items()))

    def _find_doors(self, _: None) -> frozenset[Ref]:
        ingresses = self.reach.ingresses
        serving = (ingresses.serving(ingress) for ingress in self.reach.facts.of(Ingress))
        return frozenset(pod.ref for each in serving for pod in each.pods)

    def _find_internet(self, family: Family) -> dict[Party, int]:
        self.reach.graph.saw(Signatures)
        signatures = self.reach.identity.signatures
        clients = self.reach.outside.zone("internet", family)
        spans = (in_zone("internet", signatures.spans(signatures.of(c.address))) for c in clients)
        numbers = (sum(b.last - b.first + 1 for b in blocks) for blocks in spans)
        return dict(zip(clients, numbers, strict=True))
