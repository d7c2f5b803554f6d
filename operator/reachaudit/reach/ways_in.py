"""Ways in: where clients outside may come to workloads, and what becomes of each client there."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import product

from reachaudit.model.facts import ContainerPort, Pod, Service
from reachaudit.model.ip import Address, Family
from reachaudit.reach.callers import Callers
from reachaudit.reach.facing import Facing, Zones
from reachaudit.reach.frontends import Frontend, frontends
from reachaudit.reach.identity import Identity
from reachaudit.reach.ingress_ways import IngressWays
from reachaudit.reach.ingresses import Ingresses
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import by_protocol, position
from reachaudit.reach.profiles import Cell
from reachaudit.reach.services import Only
from reachaudit.reach.verdict import PathVerdict
from reachaudit.reach.way_in import WayIn, ends
from reachaudit.reach.zones import Zone


def _runs(row: Iterable[Cell]) -> Iterator[int]:
    """The first ports of the runs of a row that addresses outside can tell apart."""
    end, before = -2, (0, 0)
    for span, (must, may) in ((cell.span, cell.planes) for cell in row):
        ports, seen = by_protocol(span), (must.signatures, may.signatures)
        if not ports:  # there is no port 0
            continue
        if span.first != end + 1 or seen != before:
            protocol, first, _ = ports[0]
            yield position(protocol, first)
        end, before = span.last, seen


class WaysIn:
    """Finds all ways in, open or not."""

    def __init__(self, identity: Identity, paths: Paths, ingresses: Ingresses) -> None:
        self._identity, self._paths = identity, paths
        self._facing = Facing(identity, paths.assumptions)
        self._routed = bool(self._facing.pods)
        self._callers = Callers(identity, paths.outside, self._facing)
        self.by_ingress = IngressWays(identity, paths.services, ingresses, self._callers).of

    def may_open(self, pod: Pod) -> bool:
        """Whether a pod may open ways in by itself."""
        if self._routed:
            return True
        for port in () if pod.host_network else pod.ports:  # noqa: SIM110 - asked of every pod
            if port.host_port:
                return True
        return False

    def by_service(self, service: Service) -> Iterator[WayIn]:
        """By node ports, load balancers and external addresses, and by ClusterIPs where routed."""
        for frontend in frontends(service):
            zones = self._facing.frontend(frontend)
            if zones:
                yield from self._by_frontend(frontend, zones)

    def by_host_ports(self, pod: Pod) -> Iterator[WayIn]:
        """SVC-40: open on the pod's own node."""
        for port in pod.ports if not pod.host_network else ():
            for address in pod.addresses if port.host_port else ():
                for zone in self._facing.host_port(pod, port, address.family):
                    yield self._by_host_port(pod, port, zone, address.family)

    def by_pod_addresses(self, pod: Pod) -> Iterator[WayIn]:
        """EXT-12: clients outside dial pods, where these are routed. Each run of ports once."""
        number = self._identity.number(pod) if self._facing.pods else None
        if number is not None:
            ports = list(_runs(self._paths.judge.ingress.of(number).row))
            for address, port, zone in product(pod.addresses, ports, self._facing.pods):
                yield self._by_pod_address(pod, address, port, zone)

    def _by_frontend(self, frontend: Frontend, zones: Zones) -> Iterator[WayIn]:
        """Workload by workload and port by port, since their policies may differ."""
        service, port, family = frontend.service, frontend.port, frontend.family
        backends = self._paths.services.backends(service, port, family)
        for (workload, number), only in ends(backends, self._identity).items():
            at = position(port.protocol, number)
            for zone in zones:
                entry = self._callers.before(
                    zone, family, partial(self._dial, frontend, only, zone)
                )
                yield WayIn(zone, family, workload, service.ref, str(frontend), at, entry)

    def _dial(self, frontend: Frontend, only: Only, zone: Zone, client: Party) -> PathVerdict:
        if frontend.kind == "NodePort":
            path = self._paths.to_any_node(client, frontend, only)
            return self._callers.by_some_node(zone, frontend.family, path)
        return self._paths.to_frontend(client, frontend, only=only)

    def _by_host_port(self, pod: Pod, port: ContainerPort, zone: Zone, family: Family) -> WayIn:
        nodes = self._identity.nodes_named(pod.node)
        bound = port.host_address is not None and port.host_address.value

        def dial(client: Party) -> PathVerdict:
            path = self._paths.to_host_port(client, pod, port, family)
            return path if bound else self._callers.by_each_node(zone, family, nodes, path)

        entry = self._callers.before(zone, family, dial)
        way = f"hostPort {port.host_port}/{port.protocol}"
        at = position(port.protocol, port.number)
        return WayIn(zone, family, self._identity.workloads[pod.ref], pod.ref, way, at, entry)

    def _by_pod_address(self, pod: Pod, address: Address, port: int, zone: Zone) -> WayIn:
        family = address.family
        [target] = self._identity.pod_parties(pod, family)
        entry = self._callers.before(
            zone, family, lambda client: self._paths.to_party(client, target, port)
        )
        workload, way = self._identity.workloads[pod.ref], f"pod address {address}"
        return WayIn(zone, family, workload, pod.ref, way, port, entry)
