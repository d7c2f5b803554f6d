"""Sizes of clusters: those that budgets are set for, and smaller ones that show how cost grows."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shape:
    """How much there is of what; the numbers are exact.

    `namespaces`, `workloads`, `pods` and `services` count those of the cluster's own DNS and
    ingress controller too. `cidrs`: distinct ipBlocks of policies, of which `cidrs_over_pods` cut
    through the range of the pods' addresses; exceptions come on top. `single`: every pod is a
    workload and a class of its own.
    """

    namespaces: int
    workloads: int
    pods: int
    nodes: int
    services: int
    ingresses: int
    policies: int
    cidrs: int
    cidrs_over_pods: int
    single: bool = False

    def part(self, divisor: int) -> "Shape":
        """A cluster of the same kind, so many times smaller."""
        return replace(
            self,
            namespaces=self.namespaces // divisor,
            workloads=self.workloads // divisor,
            pods=self.pods // divisor,
            nodes=self.nodes // divisor,
            services=self.services // divisor,
            ingresses=self.ingresses // divisor,
            policies=self.policies // divisor,
            cidrs=self.cidrs // divisor,
        )


_LARGE = Shape(
    namespaces=1_000,
    workloads=10_000,
    pods=150_000,
    nodes=5_000,
    services=10_000,
    ingresses=5_000,
    policies=10_000,
    cidrs=300,
    cidrs_over_pods=5,
)

_MIDDLE = Shape(
    namespaces=100,
    workloads=667,
    pods=10_000,
    nodes=300,
    services=600,
    ingresses=200,
    policies=2_000,
    cidrs=100,
    cidrs_over_pods=5,
)

SHAPES: dict[str, Shape] = {
    "tiny": Shape(
        namespaces=6,
        workloads=24,
        pods=72,
        nodes=8,
        services=16,
        ingresses=4,
        policies=60,
        cidrs=10,
        cidrs_over_pods=3,
    ),
    "2k": Shape(
        namespaces=20,
        workloads=2_000,
        pods=2_000,
        nodes=50,
        services=40,
        ingresses=10,
        policies=1_000,
        cidrs=60,
        cidrs_over_pods=5,
        single=True,
    ),
    "1k": _MIDDLE.part(10),
    "10k": _MIDDLE,
    "manifests": Shape(
        namespaces=20,
        workloads=667,
        pods=2_000,
        nodes=50,
        services=40,
        ingresses=10,
        policies=1_000,
        cidrs=60,
        cidrs_over_pods=5,
    ),
    "large/8": _LARGE.part(8),
    "large/4": _LARGE.part(4),
    "large/2": _LARGE.part(2),
    "large": _LARGE,
    "large40": replace(_LARGE, cidrs_over_pods=40),
}
GROWTH = ("large/8", "large/4", "large/2", "large")
