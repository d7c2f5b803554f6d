"""EndpointSlice: the endpoints of Services."""

from sys import intern

from reachaudit.model.facts import Endpoint, EndpointSlice, SlicePort
from reachaudit.model.ip import parse_address, special
from reachaudit.model.names import Ref
from reachaudit.model.objects.wire import Invalid, Object, Reading, Wire, port_of, protocol_of

HEADLESS_LABEL = "service.kubernetes.io/headless"
SERVICE_LABEL = "kubernetes.io/service-name"


class WireSlicePort(Wire):
    """An entry of an EndpointSlice's `ports`."""

    name: str | None = None
    protocol: str | None = None
    port: int | None = None


class EndpointConditions(Wire):
    """An endpoint's conditions; nil has a meaning of its own (SVC-9)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetReference(Wire):
    """`targetRef`: the object that the endpoint is."""

    kind: str = ""
    namespace: str = ""
    name: str = ""


class WireEndpoint(Wire):
    """An entry of an EndpointSlice's `endpoints`."""

    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    node_name: str | None = None
    target_ref: TargetReference | None = None


class WireEndpointSlice(Object):
    """An EndpointSlice on the wire."""

    address_type: str = ""
    ports: list[WireSlicePort] | None = None
    endpoints: list[WireEndpoint] | None = None


def read_endpoint_slice(piece: WireEndpointSlice) -> Reading:
    """A slice's fact; endpoints and ports that nobody could use are left out (SVC-9)."""
    meta, labels, problems = piece.metadata, piece.metadata.labels or {}, list[str]()
    addressed = piece.address_type in ("IPv4", "IPv6")
    fact = EndpointSlice(
        intern(meta.namespace or "default"),
        meta.name,
        service=intern(labels.get(SERVICE_LABEL, "")),
        family="IPv6" if piece.address_type == "IPv6" else "IPv4",
        ports=_slice_ports(piece, problems),
        headless=HEADLESS_LABEL in labels,
        endpoints=_endpoints(piece, problems) if addressed else (),
    )
    return Reading(fact, tuple(problems))


def _slice_ports(piece: WireEndpointSlice, problems: list[str]) -> tuple[SlicePort, ...]:
    found = []
    for port in piece.ports or ():
        if not port.port:
            continue
        try:
            number = port_of(port.port)
            found.append(SlicePort(intern(port.name or ""), protocol_of(port.protocol), number))
        except Invalid as error:
            problems.append(f"ports: {error}")
    return tuple(found)


def _endpoints(piece: WireEndpointSlice, problems: list[str]) -> tuple[Endpoint, ...]:
    found = []
    for endpoint in piece.endpoints or ():
        text = (endpoint.addresses or [""])[0]
        address = parse_address(text)
        if address is None or special(address):
            why = special(address) if address else "not an IP address"
            problems.append(f"endpoints: {text!r} is {why}")
            continue
        state = endpoint.conditions or EndpointConditions()
        ready = state.ready is not False
        found.append(
            Endpoint(
                address,
                ready=ready,
                serving=ready if state.serving is None else state.serving,
                terminating=bool(state.terminating),
                node=intern(endpoint.node_name or ""),
                pod=_pod_of(endpoint, piece.metadata.namespace or "default"),
            )
        )
    return tuple(found)


def _pod_of(endpoint: WireEndpoint, namespace: str) -> Ref | None:
    target = endpoint.target_ref
    if target is None or target.kind != "Pod":
        return None
    return Ref("Pod", intern(target.namespace or namespace), target.name)
