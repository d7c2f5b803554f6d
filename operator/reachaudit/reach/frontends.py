"""Frontends: where each Service listens (SVC-1, SVC-3)."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from reachaudit.model.facts import SOME_PORT, Service, ServicePort
from reachaudit.model.ip import Address, Family

FrontendKind = Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalIP"]


class Frontend(Struct, frozen=True, gc=False):
    """Where a Service port listens. A node port listens at every node: its address is None.

    `vip`: packets of pods and nodes to it are rewritten on their own node (SVC-32); else they go
    out to the load balancer. `failed`: the load balancer could not open it (SVC-31).
    """

    kind: FrontendKind
    service: Service
    port: ServicePort
    number: int
    family: Family
    address: Address | None = None
    hostname: str = ""
    vip: bool = True
    failed: bool = False

    @property
    def place(self) -> str:
        """`203.0.113.50:443/TCP`, `[2001:db8::50]:443/TCP`; of a node port `30080/TCP`.

        What is not known is left out, or is a `?`.
        """
        host = self.hostname or (str(self.address) if self.address and self.address.placed else "")
        where = f"[{host}]:" if ":" in host else f"{host}:" if host else ""
        number = "?" if self.number == SOME_PORT else self.number
        return f"{where}{number}/{self.port.protocol}"

    def __str__(self) -> str:
        """`NodePort 30080/TCP`, `LoadBalancer 203.0.113.50:443/TCP`."""
        return f"{self.kind} {self.place}"


def frontends(service: Service) -> Iterator[Frontend]:
    """Where a Service listens (SVC-1, SVC-3); nowhere if it is headless or an ExternalName."""
    if service.type == "ExternalName" or service.headless:
        return
    for port in service.ports:
        for address in service.cluster_ips:
            yield Frontend("ClusterIP", service, port, port.port, address.family, address)
        for family in service.families if port.node_port else ():  # SVC-34: the port, not the flag
            yield Frontend("NodePort", service, port, port.node_port, family)
        for address in service.external_ips:
            yield Frontend("ExternalIP", service, port, port.port, address.family, address)
        yield from _balancer_frontends(service, port)


def _balancer_frontends(service: Service, port: ServicePort) -> Iterator[Frontend]:
    """A load balancer listens only where its status says so (SVC-31)."""
    if service.type != "LoadBalancer":
        return
    for balancer in service.balancers:
        families = [balancer.address.family] if balancer.address else service.families
        for family in families:
            yield Frontend(
                "LoadBalancer",
                service,
                port,
                port.port,
                family,
                balancer.address,
                balancer.hostname,
                balancer.vip,
                (port.protocol, port.port) in balancer.failed,
            )
