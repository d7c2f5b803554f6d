"""Services: the endpoints to which each forwards, and who listens where."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple

from reachaudit.model.facts import (
    Endpoint,
    EndpointSlice,
    Pod,
    Protocol,
    Service,
    ServicePort,
    SlicePort,
)
from reachaudit.model.ip import Address, Family
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.derived import Table
from reachaudit.reach.frontends import Frontend, frontends
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party, together
from reachaudit.reach.ports import named
from reachaudit.settings import Assumptions


class Backend(NamedTuple):
    """An endpoint behind one Service port: where packets are rewritten to (NP-53).

    `party` is who stands there. `node`: where its slice says that it is.
    """

    party: Party
    port: int
    node: str
    ready: bool
    serving_last: bool  # terminating but still serving: used where nothing is ready (SVC-13)


Only = Callable[[Backend], bool]


def anything(_: Backend) -> bool:
    """All endpoints."""
    return True


class PortKey(NamedTuple):
    """A port of a Service in one family."""

    service: Ref
    port: ServicePort
    family: Family


_Name = tuple[str, str]


class Services:
    """All Services with their frontends and backends."""

    def __init__(self, facts: Facts, identity: Identity, assumptions: Assumptions) -> None:
        self._facts, self._identity, self._graph = facts, identity, identity.graph
        self._assumed_ready = assumptions.unreported_pods_ready
        self._slices: defaultdict[_Name, dict[Ref, EndpointSlice]] = defaultdict(dict)
        self._by_place: defaultdict[Address | None, dict[Ref, Service]] = defaultdict(dict)
        self._backends: Table[PortKey, list[Backend]] = Table(self._graph, self._find)

    @property
    def all(self) -> list[Service]:
        """All Services, by name."""
        return list(self._facts.of(Service))

    @property
    def namespaces(self) -> list[str]:
        """The namespaces that have Services."""
        return self._facts.namespaces(Service)

    def within(self, namespace: str) -> Iterator[Service]:
        """The Services of a namespace, by name."""
        return self._facts.within(Service, namespace)

    def replace(self, old: Service | None, new: Service | None) -> None:
        """A Service came, went, or is otherwise than before."""
        if old is not None:
            for place in _places(old):
                del self._by_place[place][old.ref]
                if not self._by_place[place]:
                    del self._by_place[place]
        if new is not None:
            for place in _places(new):
                self._by_place[place][new.ref] = new

    def replace_slice(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        """A slice came, went, or is otherwise than before."""
        if old is not None:
            slices = self._slices[old.namespace, old.service]
            del slices[old.ref]
            if not slices:
                del self._slices[old.namespace, old.service]
        if new is not None:
            self._slices[new.namespace, new.service][new.ref] = new
        self._graph.touch(_slices_of(each.namespace, each.service) for each in (old, new) if each)

    def get(self, namespace: str, name: str) -> Service | None:
        """A Service by name."""
        return self._facts.get(Service, Ref(Service.kind, namespace, name))

    def backends(
        self, service: Service, port: ServicePort, family: Family, only: Only = anything
    ) -> list[Backend]:
        """All endpoints of a Service port in one family, usable or not, from all slices (SVC-8).

        `only` limits them, as when a workload's own exposure is asked for.
        """
        found = self.of(PortKey(service.ref, port, family))
        return found if only is anything else [backend for backend in found if only(backend)]

    def of(self, key: PortKey) -> list[Backend]:
        """The same by what they are of."""
        return self._backends[key]

    def listening(self, address: Address, number: int, protocol: Protocol) -> list[Frontend]:
        """The frontends at an address and port."""
        return [
            frontend
            for frontend in self.at(address)
            if (frontend.number, frontend.port.protocol) == (number, protocol)
        ]

    def node_ports(self, number: int, protocol: Protocol, family: Family) -> list[Frontend]:
        """The node ports of a number."""
        return [
            frontend
            for frontend in self.on_nodes(family)
            if (frontend.number, frontend.port.protocol) == (number, protocol)
        ]

    def at(self, address: Address) -> Iterator[Frontend]:
        """All frontends at an address; at one that is not known yet, none is known to be."""
        found = self._placed(address) if address.placed else ()
        return (frontend for frontend in found if frontend.address == address)

    def on_nodes(self, family: Family) -> Iterator[Frontend]:
        """All node ports in a family."""
        return (f for f in self._placed(None) if (f.kind, f.family) == ("NodePort", family))

    def _placed(self, place: Address | None) -> Iterator[Frontend]:
        """The frontends of the Services that are found at a place, by name."""
        self._graph.saw(Service)
        for _, service in sorted(self._by_place.get(place, {}).items()):
            yield from frontends(service)

    def _find(self, key: PortKey) -> list[Backend]:
        ref, port, family = key
        service = self._facts.get(Service, ref)
        if service is None or service.type == "ExternalName" or service.other_proxy:
            return []
        self._graph.saw(_slices_of(service.namespace, service.name))
        slices = self._slices.get((service.namespace, service.name))
        if slices is None:
            return list(self._synthesised(service, port, family))
        return [
            self._backend(endpoint, slice_port.port)
            for _, piece in sorted(slices.items())
            if piece.family == family and (service.headless or not piece.headless)
            for slice_port in piece.ports
            if _joins(slice_port, port)
            for endpoint in piece.endpoints
        ]

    def _synthesised(
        self, service: Service, port: ServicePort, family: Family
    ) -> Iterator[Backend]:
        """What the endpoints controller would write, where no slice was seen (SVC-12).

        A pod of which no phase is reported is one that a file describes.
        """
        if not service.selector:  # SVC-7
            return
        for pod in self._facts.within(Pod, service.namespace):
            labels = dict(pod.labels)
            if not pod.live or not all(labels.get(key) == value for key, value in service.selector):
                continue
            number = port.target
            if isinstance(number, str):  # SVC-4
                number = named(pod.ports, number, port.protocol) or 0
            for address in pod.addresses:
                if number and address.family == family:
                    serving = pod.ready or (not pod.phase and self._assumed_ready)
                    ready = service.publish_not_ready or (serving and not pod.terminating)
                    last = serving and pod.terminating
                    party = self._identity.endpoint(address, pod.ref)
                    yield Backend(party, number, pod.node, ready, last)

    def _backend(self, endpoint: Endpoint, port: int) -> Backend:
        party = self._identity.endpoint(endpoint.address, endpoint.pod)
        serving_last = endpoint.serving and endpoint.terminating
        return Backend(party, port, endpoint.node, endpoint.ready, serving_last)


def _places(service: Service) -> set[Address | None]:
    """Where a Service is found: at addresses, and at None where its frontends have none."""
    return {frontend.address for frontend in frontends(service)}


def _slices_of(namespace: str, service: str) -> Hashable:
    """All slices of a Service, as what may be read."""
    return EndpointSlice, namespace, service


def _joins(slice_port: SlicePort, port: ServicePort) -> bool:
    """Slice ports join Service ports by name and protocol, never by number (SVC-5)."""
    return slice_port.name == port.name and slice_port.protocol == port.protocol


def usable(backends: Iterable[Backend], node: str | None = None) -> list[Backend]:
    """Ready endpoints, or where none is ready those that end but still serve (SVC-13).

    With a node, decided among that node's endpoints only.
    """
    here = [b for b in backends if node is None or b.node == node]
    return [b for b in here if b.ready] or [b for b in here if b.serving_last]


def on(node: str, backends: list[Backend]) -> list[list[Backend]]:
    """The endpoints on a node; where of some it is not known, also those together with them."""
    sure = [b for b in backends if together(b.node, node)]
    perhaps = [b for b in backends if together(b.node, node) is not False]
    return [sure] if sure == perhaps else [sure, perhaps]
