"""Realistic clusters as facts: the same shape and seed give the same facts, in the same order."""

from dataclasses import dataclass
from random import Random

from bench.blocks import ip_blocks
from bench.nodes import Nodes
from bench.policies import Policies
from bench.services import RANGES, ingresses, services, slices
from bench.shapes import Shape
from bench.workloads import Workload, namespaces, workloads
from reachaudit.model.facts import Fact, Namespace, NetworkPolicy, Peer

_CLIENTS = 3  # apps that each policy names where every pod is a class of its own: enough for all


@dataclass(frozen=True)
class Cluster:
    """A cluster. `facts` are all; the rest is what changes are made of."""

    shape: Shape
    facts: list[Fact]
    namespaces: list[Namespace]
    workloads: list[Workload]
    policies: list[NetworkPolicy]
    nodes: Nodes
    blocks: tuple[Peer, ...]

    def more_policies(self, random: Random) -> Policies:
        """A maker of policies like those there are."""
        return Policies(
            self.namespaces,
            self.workloads,
            self.blocks,
            random,
            clients=_CLIENTS if self.shape.single else 0,
        )


def cluster(shape: Shape, seed: int) -> Cluster:
    """Make a cluster. Each part has a stream of random numbers of its own."""

    def stream(part: str) -> Random:
        return Random(f"{seed} {part}")

    nodes = Nodes(shape.nodes, stream("nodes"))
    spaces = namespaces(shape, stream("namespaces"))
    loads = workloads(shape, spaces, nodes, stream("workloads"))
    blocks = ip_blocks(shape, nodes.pod_range, stream("blocks"))
    offices = [p.block for p in blocks[1 + shape.cidrs_over_pods :] if p.block]
    exposed = services(shape, loads, offices, stream("services"))
    made = Cluster(shape, [], spaces, loads, [], nodes, blocks)
    made.policies.extend(made.more_policies(stream("policies")).all(shape.policies))
    facts = made.facts
    facts += [*spaces, *nodes.all, RANGES]
    for load in loads:
        facts += [load.controller] if load.controller else []
        facts += load.pods
    for service, load in exposed:
        facts += [service, *slices(service, load)]
    facts += ingresses(shape, exposed, stream("ingresses"))
    facts += made.policies
    return made
