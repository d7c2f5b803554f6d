"""Why a Service has nobody to forward to, in words."""

from reachaudit.model.facts import EndpointSlice, Pod, Service, ServicePort
from reachaudit.model.ip import Family
from reachaudit.reach.ports import named
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.services import usable
from reachaudit.reach.why.asked import Asked


def lack_of(reach: Reachability, asked: Asked, service: Service, family: Family) -> str:
    """`no pod of shop matches its selector app=wbe (Service shop/web)`."""
    ports = asked.dialled(reach, service)
    why = _selected if service.selector else _by_hand
    return f"{why(reach, service, ports, family)} ({service.ref})"


def _selected(
    reach: Reachability, service: Service, ports: list[ServicePort], family: Family
) -> str:
    """A Service whose endpoints a controller writes (SVC-4, SVC-12)."""
    pods = [p for p in reach.facts.within(Pod, service.namespace) if _selects(service, p)]
    selector = ", ".join(f"{key}={value}" for key, value in service.selector)
    if not pods:
        return f"no pod of {service.namespace} matches its selector {selector}"
    live = [pod for pod in pods if pod.live]
    if not live:
        return f"no pod that matches its selector {selector} has an address"
    here = [pod for pod in live if any(a.family == family for a in pod.addresses)]
    if not here:
        return f"no pod that matches its selector {selector} has an {family} address"
    names = ((port.target, port.protocol) for port in ports)
    for name, protocol in names:
        if isinstance(name, str) and not any(named(pod.ports, name, protocol) for pod in here):
            return f"no pod that it selects has a port named {name}/{protocol}"
    if not any(pod.ready and not pod.terminating for pod in here):
        return "no pod that it selects is ready"
    return "no pod that it selects is an endpoint where it is wanted"


def _selects(service: Service, pod: Pod) -> bool:
    return set(service.selector) <= set(pod.labels)


def _by_hand(
    reach: Reachability, service: Service, ports: list[ServicePort], family: Family
) -> str:
    """A Service whose slices somebody else writes (SVC-5, SVC-7 to SVC-10)."""
    slices = [
        piece
        for piece in reach.facts.within(EndpointSlice, service.namespace)
        if piece.service == service.name and piece.endpoints
    ]
    if not slices:
        return "it has no selector, and no EndpointSlice of its name has an address"
    if not any(piece.family == family for piece in slices):
        return f"no EndpointSlice of its name has {family} addresses"
    names = {(p.name, p.protocol) for piece in slices for p in piece.ports}
    if not any((port.name, port.protocol) in names for port in ports):
        return "no port of its EndpointSlices has the name and protocol of one of its ports"
    found = [b for port in ports for b in reach.services.backends(service, port, family)]
    if found and not usable(found):
        return "no endpoint of its EndpointSlices is ready"
    return "no EndpointSlice of its name has a usable endpoint where it is wanted"
