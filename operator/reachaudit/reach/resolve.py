"""What a Service's DNS name leads a client to (SVC-16, SVC-17)."""

from reachaudit.model.facts import Protocol, Service
from reachaudit.reach.party import Party
from reachaudit.reach.paths import Paths
from reachaudit.reach.ports import position
from reachaudit.reach.services import frontends, usable
from reachaudit.reach.verdict import PathVerdict, Reason, network_chooses, no_path, unknown

_CLUSTER_DOMAIN = "cluster.local"
_LONGEST_CHAIN = 8


def by_name(
    paths: Paths, client: Party, service: Service, port: int, protocol: Protocol, depth: int = 0
) -> PathVerdict:
    """A client in the cluster dials a port of a Service by the Service's name."""
    if service.type == "ExternalName":
        target = _target(paths, service.external_name)
        if target is None or depth > _LONGEST_CHAIN:  # UNK-9
            return unknown(Reason.NAME_RESOLUTION, f"{service.external_name} is not resolved")
        return by_name(paths, client, target, port, protocol, depth + 1)
    if service.other_proxy:
        return unknown(Reason.OTHER_PROXY, "another proxy serves this Service")  # SVC-10
    if service.headless:
        return _headless(paths, client, service, port, protocol)
    found = [
        f
        for f in frontends(service)
        if f.kind == "ClusterIP" and (f.number, f.port.protocol) == (port, protocol)
    ]
    own = [f for f in found if f.family == client.address.family]
    if not own:
        return no_path("the Service has no such port in this family")  # SVC-3, SVC-20
    return network_chooses(paths.to_frontend(client, frontend) for frontend in own)


def _headless(
    paths: Paths, client: Party, service: Service, port: int, protocol: Protocol
) -> PathVerdict:
    """DNS gives the pods' addresses; the client dials them on any port it likes (SVC-16)."""
    if not client.node:
        return no_path("cluster DNS is not served outside")
    family = client.address.family
    backends = {
        b.address: b
        for service_port in service.ports
        for b in usable(paths.services.backends(service, service_port, family))
    }
    if not backends:
        return no_path("the name resolves to no endpoint")
    return paths.to_endpoints(client, backends.values(), position(protocol, port))


def _target(paths: Paths, name: str) -> Service | None:
    """The Service that a name in the cluster means; None for any other name."""
    labels = name.rstrip(".").removesuffix(f".{_CLUSTER_DOMAIN}").split(".")
    if len(labels) == 3 and labels[2] == "svc":
        return paths.services.get(labels[1], labels[0])
    return None
