"""Effective reachability of one state of the cluster: everything wired, to be asked."""

from functools import cached_property

from reachaudit.model.facts import Ingress, NetworkPolicy, Pod, Service
from reachaudit.model.ip import Block
from reachaudit.model.store import Facts
from reachaudit.reach.addresses import Signatures
from reachaudit.reach.exposure import Exposure, Exposures
from reachaudit.reach.identity import Identity
from reachaudit.reach.ingresses import Ingresses
from reachaudit.reach.judge import Judge
from reachaudit.reach.outside import Outside
from reachaudit.reach.paths import Paths
from reachaudit.reach.services import Services
from reachaudit.reach.vocabulary import Vocabulary
from reachaudit.settings import Assumptions


class Reachability:
    """What a snapshot of facts means (M-10). Depends on the facts only, never on their order."""

    def __init__(self, facts: Facts, assumptions: Assumptions) -> None:
        self.facts, self.assumptions = facts, assumptions
        vocabulary = Vocabulary(facts.of(NetworkPolicy), _source_ranges(facts))
        signatures = Signatures(vocabulary.blocks)
        self.identity = Identity(facts, vocabulary, signatures, assumptions.host_network)
        self.judge = Judge(facts, self.identity, assumptions)
        self.outside = Outside(facts, self.identity)
        self.services = Services(facts)
        self.paths = Paths(
            self.judge, self.services, self.outside, pod_range_routed=assumptions.pod_range_routed
        )
        self.ingresses = Ingresses(facts, self.identity, self.paths)

    @cached_property
    def exposures(self) -> list[Exposure]:
        """All ways in from outside, open or not."""
        return Exposures(self.identity, self.paths, self.ingresses).all()

    def isolation(self, pod: Pod) -> str:
        """In which directions a pod is isolated: none, ingress, egress, both (NP-5).

        "unknown" where policies that are not understood may concern it.
        """
        number = self.identity.number(pod)
        if number is None:
            return "none"
        ingress, egress = self.judge.ingress.of(number), self.judge.egress.of(number)
        if ingress.opaque or egress.opaque:
            return "unknown"
        if ingress.isolated:
            return "both" if egress.isolated else "ingress"
        return "egress" if egress.isolated else "none"


def _source_ranges(facts: Facts) -> set[Block]:
    """Blocks that tell clients apart beside the policies' own."""
    found = {block for service in facts.of(Service) for block in service.provider_ranges}
    for ingress in facts.of(Ingress):
        found |= set(ingress.source_ranges or ())
    return found
