"""What a cluster would add to what files say: pods, addresses, a node."""

from collections.abc import Iterable

import msgspec

from reachaudit.model.facts import Fact, Node, Pod, Service
from reachaudit.model.ip import UNPLACED, Address, Family
from reachaudit.model.store import Facts
from reachaudit.watch.templates import Workload, pods_of

SOME_NODE = "?"


def settled(facts: Iterable[Fact]) -> Facts:
    """The facts of files as the engine wants them."""
    facts = list(facts)
    found: list[Fact] = []
    nodes = [f for f in facts if isinstance(f, Node)]
    families: tuple[Family, ...] = ("IPv4",)
    addresses = tuple(Address(f, UNPLACED) for f in families)
    for fact in facts:
        if isinstance(fact, Workload):
            found += [_placed(pod, addresses) for pod in pods_of(fact, len(nodes), ())]
        elif isinstance(fact, Pod) and not fact.phase:
            found.append(_placed(fact, addresses))
        elif isinstance(fact, Service) and not fact.cluster_ips and not fact.headless:
            found.append(msgspec.structs.replace(fact, cluster_ips=addresses))
        else:
            found.append(fact)
    if not nodes:
        found.append(Node("", SOME_NODE, addresses))
    return Facts(found)


def _placed(pod: Pod, addresses: tuple[Address, ...]) -> Pod:
    return msgspec.structs.replace(
        pod, addresses=addresses, node=pod.node or SOME_NODE, phase="Running", ready=True
    )
