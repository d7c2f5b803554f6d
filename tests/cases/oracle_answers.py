"""The naive oracle as an implementation of the cases: pods, nodes and addresses, no Services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.answers import Implementation
from cases.apiobject import items, mapping, text
from cases.table import FRONTENDS
from engine.oracle import Oracle

if TYPE_CHECKING:
    from cases.apiobject import Object
    from cases.casefile import Step
    from cases.table import Table

# These say nothing of a flow between pods, nodes and addresses; other kinds are beyond it.
SILENT_KINDS = {
    "CronJob",
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "Ingress",
    "IngressClass",
    "Job",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "Pod",
    "ReplicaSet",
    "Service",
    "ServiceCIDR",
    "StatefulSet",
}


class OracleAnswers:
    """Cells by the oracle; a CIDR must fare alike in all its addresses."""

    def __init__(self, step: Step) -> None:
        self._oracle = Oracle(step.objects, step.assumptions)

    def cell(
        self, source: str, destination: str, port: int | None, protocol: str, family: str
    ) -> str:
        sources = self._oracle.representatives(source)
        destinations = self._oracle.representatives(destination)
        cells = {
            self._oracle.verdict(one, other, port, protocol, family).cell
            for one in sources
            for other in destinations
        }
        if len(cells) > 1:
            raise ValueError(
                f"{source} → {destination} is no single atom: {' '.join(sorted(cells))}"
            )
        return cells.pop()


def covers(step: Step, table: Table) -> bool:
    """Say whether a table asks of policies alone, with no frontend in the way."""
    axes = {*table.rows, *table.columns}
    if any(axis.partition(":")[0] in FRONTENDS for axis in axes):
        return False
    if any(text(obj.get("kind")) not in SILENT_KINDS for obj in step.objects):
        return False
    addresses, ports = set[str](), set[int | None]()
    for obj in step.objects:
        addresses |= _service_addresses(obj)
        ports |= _node_ports(obj)
    return not axes & addresses and table.port not in ports


def oracle() -> Implementation:
    """Return the oracle."""
    return Implementation(answers=OracleAnswers, covers=covers)


def _service_addresses(obj: Object) -> set[str]:
    if obj.get("kind") != "Service":
        return set()
    spec = mapping(obj.get("spec"))
    balanced = items(mapping(mapping(obj.get("status")).get("loadBalancer")).get("ingress"))
    held = [*items(spec.get("clusterIPs")), spec.get("clusterIP"), *items(spec.get("externalIPs"))]
    return {text(address) for address in [*held, *(mapping(b).get("ip") for b in balanced)]} - {""}


def _node_ports(obj: Object) -> set[int | None]:
    spec = mapping(obj.get("spec"))
    ports = [mapping(port) for port in items(spec.get("ports"))]  # a Service's
    for container in map(mapping, items(spec.get("containers"))):  # a Pod's
        ports += [mapping(port) for port in items(container.get("ports"))]
    numbers = [port.get(field) for port in ports for field in ("nodePort", "hostPort")]
    return {number for number in numbers if isinstance(number, int)}
