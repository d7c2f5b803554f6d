"""Services with their EndpointSlices, and Ingresses in front of some."""

from collections.abc import Iterator, Sequence
from itertools import count, cycle, islice
from random import Random
from typing import Literal

from bench.nodes import BALANCER_RANGE, SERVICE_RANGE
from bench.shapes import Shape
from bench.workloads import DNS, INGRESS, Workload
from reachaudit.model.facts import (
    Balancer,
    Endpoint,
    EndpointSlice,
    Fact,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressPath,
    IngressRule,
    Pod,
    Service,
    ServiceCIDR,
    ServicePort,
    SlicePort,
)
from reachaudit.model.ip import Address, Block
from reachaudit.model.names import Ref

Kind = Literal["ClusterIP", "NodePort", "LoadBalancer"]
_CREATED = "2026-01-01T00:00:00Z"
CLASS = IngressClass("", "nginx", controller="k8s.io/ingress-nginx", created=_CREATED)
RANGES = ServiceCIDR("", "kubernetes", blocks=(SERVICE_RANGE,), ready=True)
_SLICE = 100  # endpoints at most, as the EndpointSlice controller does


def services(
    shape: Shape, workloads: Sequence[Workload], offices: Sequence[Block], random: Random
) -> list[tuple[Service, Workload]]:
    """Services, each with the workload behind it: DNS, the ingress controller's, then the teams'.

    `offices`: the clients that some load balancers are limited to.
    """
    making = _Making(offices, random)
    dns, controller, *rest = workloads
    found = [(making.dns(dns), dns), (making.entrance(controller), controller)]
    random.shuffle(rest)
    taken: dict[Workload, int] = {}
    for workload in islice(cycle(w for w in rest if w.ports), shape.services - len(found)):
        nth = taken[workload] = taken.get(workload, 0) + 1
        found.append((making.service(workload, nth), workload))
    return found


class _Making:
    """Makes Services with addresses and node ports of their own."""

    def __init__(self, offices: Sequence[Block], random: Random) -> None:
        self._offices, self._random = offices, random
        self._node_ports = count(30000)
        self._cluster_ips = (Address("IPv4", n) for n in count(SERVICE_RANGE.first + 10))
        self._balancers = (Address("IPv4", n) for n in count(BALANCER_RANGE.first + 10))

    def dns(self, workload: Workload) -> Service:
        ports = (ServicePort("dns", "UDP", 53, 53), ServicePort("dns-tcp", "TCP", 53, 53))
        return Service(
            DNS,
            "kube-dns",
            selector=workload.labels,
            cluster_ips=(next(self._cluster_ips),),
            families=("IPv4",),
            ports=ports,
        )

    def entrance(self, workload: Workload) -> Service:
        return Service(
            INGRESS,
            workload.name,
            type="LoadBalancer",
            selector=workload.labels,
            cluster_ips=(next(self._cluster_ips),),
            families=("IPv4",),
            ports=tuple(
                ServicePort(name, "TCP", port, name, next(self._node_ports))
                for name, port in (("http", 80), ("https", 443))
            ),
            balancers=(Balancer(next(self._balancers)),),
        )

    def service(self, workload: Workload, nth: int) -> Service:
        """One of a team's: 2 % are NodePort, 2 % LoadBalancer, some of these for offices only."""
        chance = self._random.random()
        kind: Kind = (
            "NodePort" if chance < 0.02 else "LoadBalancer" if chance < 0.04 else "ClusterIP"
        )
        balanced = kind == "LoadBalancer"
        headless = workload.kind == "StatefulSet" and kind == "ClusterIP"
        limited = balanced and self._random.random() < 0.1
        ranges = (self._random.choice(self._offices),) if limited else ()
        return Service(
            workload.namespace,
            workload.name if nth == 1 else f"{workload.name}-{nth}",
            type=kind,
            selector=tuple(pair for pair in workload.labels if pair[0] == "app"),
            headless=headless,
            cluster_ips=() if headless else (next(self._cluster_ips),),
            families=("IPv4",),
            ports=tuple(self._ports(workload, exposed=kind != "ClusterIP")),
            external_local=balanced and self._random.random() < 0.3,
            balancers=(Balancer(next(self._balancers)),) if balanced else (),
            source_ranges=ranges,
            provider_ranges=ranges,
        )

    def _ports(self, workload: Workload, *, exposed: bool) -> Iterator[ServicePort]:
        for number, port in enumerate(workload.ports):
            yield ServicePort(
                port.name or f"port-{number}",
                port.protocol,
                80 if number == 0 and port.name == "http" else port.number,
                port.name or port.number,
                next(self._node_ports) if exposed else 0,
            )


def slices(service: Service, workload: Workload) -> Iterator[EndpointSlice]:
    """The EndpointSlices of a Service."""
    numbers = {port.name: port.number for port in workload.ports}
    ports = tuple(
        SlicePort(
            port.name,
            port.protocol,
            port.target if isinstance(port.target, int) else numbers[port.target],
        )
        for port in service.ports
    )
    for first in range(0, len(workload.pods), _SLICE):
        yield EndpointSlice(
            service.namespace,
            f"{service.name}-{first // _SLICE}",
            service=service.name,
            headless=service.headless,
            ports=ports,
            endpoints=tuple(map(endpoint, workload.pods[first : first + _SLICE])),
        )


def endpoint(pod: Pod) -> Endpoint:
    """A pod in a slice."""
    return Endpoint(
        pod.addresses[0],
        ready=pod.ready,
        serving=pod.ready,
        terminating=False,
        node=pod.node,
        pod=Ref("Pod", pod.namespace, pod.name),
    )


def ingresses(
    shape: Shape, found: Sequence[tuple[Service, Workload]], random: Random
) -> list[Fact]:
    """The class, and Ingresses with one route or two in front of random Services."""
    entrance = found[1][0]
    homes: dict[str, list[Service]] = {}
    for service, _ in found[2:]:
        if not service.headless:
            homes.setdefault(service.namespace, []).append(service)
    names = list(homes)
    made: list[Fact] = [CLASS]
    for number in range(shape.ingresses):
        here = homes[random.choice(names)]
        routed = random.sample(here, min(len(here), random.choice((1, 1, 2))))
        made.append(_ingress(number, routed, entrance, tls=random.random() < 0.5))
    return made


def _ingress(number: int, routed: Sequence[Service], entrance: Service, *, tls: bool) -> Ingress:
    host = f"{routed[0].name}-{number}.example.com"
    paths = tuple(
        IngressPath(
            "/" if i == 0 else f"/{service.name}",
            "Prefix",
            IngressBackend(service.name, service.ports[0].port),
            i,
        )
        for i, service in enumerate(routed)
    )
    return Ingress(
        routed[0].namespace,
        f"{routed[0].name}-{number}",
        class_name=CLASS.name,
        rules=(IngressRule(host, paths, 0),),
        tls_hosts=(host,) if tls else (),
        tls=tls,
        balancers=entrance.balancers,
        created=_CREATED,
    )
