"""Ways to mend a Service that forwards to nobody, or not for this client: edits to be tried."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

import msgspec

from reachaudit.model.facts import Endpoint, EndpointSlice, Labels, Pod, Service, ServicePort
from reachaudit.model.ip import Block, single
from reachaudit.model.store import Change
from reachaudit.reach.addresses import cidrs, merge
from reachaudit.reach.destinations import at
from reachaudit.reach.frontends import frontends
from reachaudit.reach.ports import Span, by_protocol
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.services import Backend
from reachaudit.reach.why.asked import Asked
from reachaudit.reach.why.edits import Edit, Part
from reachaudit.reach.why.manifests import Json

_TRIED = 3
_NODE_PORTS = range(30000, 32768)


def mends(reach: Reachability, asked: Asked) -> Iterator[Edit]:
    """Each alone may mend one of the Services on the way, and what stands behind it."""
    for service in asked.services(reach):
        yield from _traffic(service)
        yield from _ranges(reach, service, asked)
        yield from _ports(service, asked)
        if service.selector:
            yield from _selected(reach, service, asked)
        else:
            yield from _by_hand(reach, service)


def changed(old: Service, new: Service, *parts: Part, follows: tuple[Change, ...] = ()) -> Edit:
    """An edit of a Service's fields."""
    return Edit(old.ref, old, new, parts, follows=follows)


def node_port(reach: Reachability, service: Service, port: ServicePort) -> Edit:
    """A Service that also listens on every node, on some port that is free."""
    taken = {p.node_port for s in reach.services.all for p in s.ports}
    free = next(number for number in _NODE_PORTS if number not in taken)
    ports = tuple(
        msgspec.structs.replace(p, node_port=free) if p == port else p for p in service.ports
    )
    new = msgspec.structs.replace(service, type="NodePort", ports=ports)
    return changed(service, new, Part("set", "spec.type", "NodePort"))


def _traffic(service: Service) -> Iterator[Edit]:
    """SVC-24, SVC-28: endpoints of all nodes, not only of one."""
    if service.internal_local:
        new = msgspec.structs.replace(service, internal_local=False)
        yield changed(service, new, Part("set", "spec.internalTrafficPolicy", "Cluster"))
    if service.external_local:
        new = msgspec.structs.replace(service, external_local=False)
        yield changed(service, new, Part("set", "spec.externalTrafficPolicy", "Cluster"))


def _ranges(reach: Reachability, service: Service, asked: Asked) -> Iterator[Edit]:
    """SVC-35: source ranges that hold the clients."""
    more = clients_of(reach, asked)
    if service.source_ranges and more:
        new = msgspec.structs.replace(
            service,
            source_ranges=(*service.source_ranges, *more),
            provider_ranges=(*service.provider_ranges, *more),
        )
        parts = (Part("add", "spec.loadBalancerSourceRanges", str(block)) for block in more)
        yield changed(service, new, *parts)


def clients_of(reach: Reachability, asked: Asked) -> tuple[Block, ...]:
    """The clients' addresses, as CIDRs."""
    blocks = dict[Block, None]()
    for question in asked.questions:
        clients = question.source.parties(reach)
        own = [single(c.address) for c in clients if c.address.placed]
        blocks |= dict.fromkeys(question.source.blocks or own)
    return tuple(cidr for block in merge(blocks) for cidr in cidrs(block))


def _ports(service: Service, asked: Asked) -> Iterator[Edit]:
    """SVC-3: the port that was asked for, before the pods' port of the first that there is."""
    dialled = {at(frontend) for frontend in frontends(service)}
    for port in asked.ports:
        if port is None or port in dialled or asked.requests:
            continue
        ((protocol, number, _),) = by_protocol(Span(port, port))
        alike = [p for p in service.ports if p.protocol == protocol]
        if any(p.port == number for p in alike) or service.type == "ExternalName":
            continue
        target = alike[0].target if alike else number
        more = ServicePort(f"port-{number}", protocol, number, target)
        new = msgspec.structs.replace(service, ports=(*service.ports, more))
        value: dict[str, Json] = {"name": more.name, "protocol": protocol, "port": number}
        value["targetPort"] = target
        yield changed(service, new, Part("add", "spec.ports", value))


def _selected(reach: Reachability, service: Service, asked: Asked) -> Iterator[Edit]:
    """A Service whose endpoints a controller writes: whom it selects, at which port, and when."""
    follows = _slices_gone(reach, service)
    pods = [p for p in reach.facts.within(Pod, service.namespace) if p.live]
    selected = [p for p in pods if set(service.selector) <= set(p.labels)]
    for pod in _unready(reach, selected, asked):
        ready = msgspec.structs.replace(pod, ready=True)
        part = Part("set", "status.conditions[Ready]", "True")
        yield Edit(pod.ref, pod, ready, (part,), follows=follows)
    behind = {port: _behind(reach, service, port) for port in service.ports}
    if not service.publish_not_ready and not all(b.ready for own in behind.values() for b in own):
        new = msgspec.structs.replace(service, publish_not_ready=True)
        part = Part("set", "spec.publishNotReadyAddresses", value=True)
        yield changed(service, new, part, follows=follows)
    for selector in [] if selected else _selectors(service, pods):
        new = msgspec.structs.replace(service, selector=selector)
        part = Part("set", "spec.selector", dict[str, Json](selector))
        yield changed(service, new, part, follows=follows)
    for i, port in enumerate(service.ports):
        unknown_name = isinstance(port.target, str) and not behind[port]
        for number in _numbers(port, selected) if unknown_name else ():
            ports = (*service.ports[:i], _aimed(port, number), *service.ports[i + 1 :])
            new = msgspec.structs.replace(service, ports=ports)
            yield changed(
                service, new, Part("set", f"spec.ports[{i}].targetPort", number), follows=follows
            )


def _behind(reach: Reachability, service: Service, port: ServicePort) -> list[Backend]:
    """All endpoints of a port."""
    return [b for f in service.families for b in reach.services.backends(service, port, f)]


def _unready(reach: Reachability, pods: Iterable[Pod], asked: Asked) -> list[Pod]:
    """Pods that could be ready: one on each node that is asked about, and one anywhere."""
    found: dict[str, Pod] = {}
    nodes = asked.nodes(reach)
    for pod in pods:
        if not pod.ready and not pod.terminating and pod.phase:
            found.setdefault(pod.node if pod.node in nodes else "", pod)
    return list(found.values())


def _selectors(service: Service, pods: list[Pod]) -> list[Labels]:
    """Selectors that mean some pod, and are the Service's own but for a value that is alike."""
    found: dict[Labels, int] = {}
    for pod in pods:
        labels = dict(pod.labels)
        near = tuple((key, labels.get(key, "")) for key, _ in service.selector)
        wrong = [(own, value) for (_, own), (_, value) in zip(service.selector, near, strict=True)]
        wrong = [(own, value) for own, value in wrong if own != value]
        if all(get_close_matches(own, [value]) for own, value in wrong):
            found[near] = len(wrong)
    return sorted(found, key=lambda near: found[near])[:_TRIED]


def _numbers(port: ServicePort, pods: list[Pod]) -> list[int]:
    """The ports that the pods declare; the Service's own number where they declare none."""
    declared = dict.fromkeys(
        p.number for pod in pods for p in pod.ports if p.protocol == port.protocol
    )
    return [*declared][:_TRIED] or [port.port]


def _aimed(port: ServicePort, number: int) -> ServicePort:
    return msgspec.structs.replace(port, target=number)


def _by_hand(reach: Reachability, service: Service) -> Iterator[Edit]:
    """EndpointSlices that somebody wrote: names that join, addresses that count (SVC-5, SVC-9)."""
    for piece in reach.facts.within(EndpointSlice, service.namespace):
        if piece.service != service.name:
            continue
        if piece.headless and not service.headless:
            new = msgspec.structs.replace(piece, headless=False)
            part = Part("remove", "metadata.labels[service.kubernetes.io/headless]")
            yield Edit(piece.ref, piece, new, (part,))
        if any(not endpoint.ready for endpoint in piece.endpoints):
            new = msgspec.structs.replace(piece, endpoints=tuple(map(_ready, piece.endpoints)))
            yield Edit(
                piece.ref, piece, new, (Part("set", "endpoints[*].conditions.ready", value=True),)
            )
        for i, port in enumerate(service.ports):
            names = [p.name for p in piece.ports if p.protocol == port.protocol]
            for name in names if port.name not in names else ():
                ports = list(service.ports)
                ports[i] = msgspec.structs.replace(port, name=name)
                new_service = msgspec.structs.replace(service, ports=tuple(ports))
                yield changed(service, new_service, Part("set", f"spec.ports[{i}].name", name))


def _ready(endpoint: Endpoint) -> Endpoint:
    return msgspec.structs.replace(endpoint, ready=True)


def _slices_gone(reach: Reachability, service: Service) -> tuple[Change, ...]:
    """The controller writes a Service's slices anew; without any, they are worked out (SVC-12)."""
    slices = reach.facts.within(EndpointSlice, service.namespace)
    return tuple(Change(s.ref, s, None, 0.0) for s in slices if s.service == service.name)
