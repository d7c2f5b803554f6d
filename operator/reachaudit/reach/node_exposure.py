"""What stands open on nodes themselves, where no NetworkPolicy looks (NP-61)."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from reachaudit.model.facts import SOME_PORT
from reachaudit.model.ip import FAMILIES, Family
from reachaudit.model.names import Ref
from reachaudit.reach.facing import Facing
from reachaudit.reach.identity import Identity
from reachaudit.reach.services import Services
from reachaudit.reach.zones import Zone


@dataclass(frozen=True, slots=True)
class NodeExposure:
    """What a zone may dial on nodes: nothing that Kubernetes knows of shuts it (UNK-4).

    `by` is who opens it; `way` says where: `healthCheckNodePort 32000/TCP`, `hostNetwork`, which is
    whatever ports the pods' processes listen on.
    """

    zone: Zone
    family: Family
    by: Ref
    way: str


def node_exposures(
    identity: Identity, services: Services, facing: Facing
) -> Iterator[NodeExposure]:
    """All of it, each once however many nodes it stands open on."""
    yield from _health_checks(services, facing)
    yield from _host_networks(identity, facing)


def _health_checks(services: Services, facing: Facing) -> Iterator[NodeExposure]:
    """kube-proxy answers on every node, whether or not it has an endpoint (SVC-30)."""
    for service in services.all:
        for family in service.families if service.health_port and not service.other_proxy else ():
            for zone in facing.node_ports[family]:
                number = "?" if service.health_port == SOME_PORT else service.health_port
                way = f"healthCheckNodePort {number}/TCP"
                yield NodeExposure(zone, family, service.ref, way)


def _host_networks(identity: Identity, facing: Facing) -> Iterator[NodeExposure]:
    """Pods of their node's network: all their ports are the node's (SVC-40)."""
    found: dict[NodeExposure, None] = {}
    for pod in identity.pods if any(facing.nodes[family] for family in FAMILIES) else ():
        nodes = identity.nodes_named(pod.node) if pod.host_network else ()
        for node, family in product(nodes, FAMILIES):
            for zone in facing.node(node, family):
                by = identity.workloads[pod.ref].ref
                found[NodeExposure(zone, family, by, "hostNetwork")] = None
    yield from found
