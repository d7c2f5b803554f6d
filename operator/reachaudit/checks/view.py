"""What checks look at: reachability, less the namespaces that are left out."""

from collections import defaultdict
from functools import cached_property
from typing import TypeVar

from reachaudit.model.facts import (
    Direction,
    Fact,
    Ingress,
    NetworkPolicy,
    OpaquePolicy,
    Pod,
    Service,
    ServicePort,
)
from reachaudit.model.ip import FAMILIES, Family
from reachaudit.model.names import Ref
from reachaudit.reach.exposure import Exposure
from reachaudit.reach.party import Party
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.services import usable
from reachaudit.reach.workloads import Workload
from reachaudit.reach.zones import in_zone

F = TypeVar("F", bound=Fact)


class View:
    """One state of the cluster as checks see it; all answers in a fixed order."""

    def __init__(self, reach: Reachability, excluded: frozenset[str]) -> None:
        self.reach, self._excluded = reach, excluded

    def of(self, kind: type[F]) -> list[F]:
        """Facts of a type, less those of namespaces that are left out."""
        return [fact for fact in self.reach.facts.of(kind) if fact.namespace not in self._excluded]

    @cached_property
    def _pods(self) -> dict[str, list[Pod]]:
        found: defaultdict[str, list[Pod]] = defaultdict(list)
        for pod in self.of(Pod):
            found[pod.namespace].append(pod)
        return dict(found)

    def pods_in(self, namespace: str) -> list[Pod]:
        """All pods of a namespace, also such as have not started or have ended."""
        return self._pods.get(namespace, [])

    @cached_property
    def selectable(self) -> dict[str, list[Pod]]:
        """Live pods that a policy can select, by namespace: hostNetwork pods are not (NP-47)."""
        found: defaultdict[str, list[Pod]] = defaultdict(list)
        for pod in self.reach.identity.pods:
            if pod.namespace not in self._excluded and self.reach.identity.number(pod) is not None:
                found[pod.namespace].append(pod)
        return dict(found)

    @cached_property
    def governed(self) -> frozenset[str]:
        """Namespaces with a policy of their own, NetworkPolicy or a vendor's."""
        own = {policy.namespace for policy in self.of(NetworkPolicy)}
        others = {p.namespace for p in self.of(OpaquePolicy) if not p.is_view}
        return frozenset((own | others) - {""})

    def workloads(self, pods: list[Pod]) -> list[Workload]:
        """The workloads of some pods, each once."""
        return sorted({self.reach.identity.workloads[pod.ref] for pod in pods})

    def unisolated(self, namespace: str, direction: Direction) -> list[Pod]:
        """Pods of a namespace that nothing isolates in a direction, as far as is known (NP-5)."""
        judge = self.reach.judge
        profiles = judge.ingress if direction == "ingress" else judge.egress
        return [
            pod
            for pod in self.selectable.get(namespace, [])
            if (number := self.reach.identity.number(pod)) is not None
            and not profiles.of(number).isolated
            and not profiles.of(number).opaque
        ]

    def alive(self, service: Service, port: ServicePort) -> bool:
        """Whether anything usable stands behind a Service port, in any family (SVC-13)."""
        services = self.reach.services
        return any(usable(services.backends(service, port, f)) for f in service.families)

    @cached_property
    def doors(self) -> frozenset[Ref]:
        """Pods that are the data path of some Ingress (ING-15)."""
        ingresses = self.reach.ingresses
        serving = (ingresses.serving(ingress) for ingress in self.reach.facts.of(Ingress))
        return frozenset(pod.ref for each in serving for pod in each.pods)

    def name(self, party: Party) -> str:
        """What a person calls an end of a connection: a pod by its workload."""
        return str(self.reach.identity.workloads[party.pod.ref] if party.pod else party)

    @cached_property
    def strangers(self) -> dict[Family, Party]:
        """Anybody in the internet: of the clients that policies and source ranges tell apart, those
        with the most addresses. Who lets them in limits nobody, though he may forbid a few.
        """
        outside, signatures = self.reach.outside, self.reach.identity.signatures

        def addresses(party: Party) -> int:
            blocks = in_zone("internet", signatures.spans(signatures.of(party.address)))
            return sum(block.last - block.first + 1 for block in blocks)

        clients = {family: outside.zone("internet", family) for family in FAMILIES}
        return {f: max(found, key=addresses) for f, found in clients.items() if found}

    @cached_property
    def exposed_by(self) -> dict[Ref, list[Exposure]]:
        """Ways in from outside by the object that opens them."""
        found: defaultdict[Ref, list[Exposure]] = defaultdict(list)
        for exposure in self.reach.exposures:
            found[exposure.by].append(exposure)
        return dict(found)

    @cached_property
    def internet_reaches(self) -> frozenset[Workload]:
        """Workloads that clients in the internet surely reach."""
        return frozenset(
            e.workload for e in self.reach.exposures if e.open and e.zone == "internet"
        )
