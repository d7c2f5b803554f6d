"""Stand-ins for the cloud: load balancers get addresses, and so do Ingresses of given classes."""

from collections.abc import Mapping, Sequence

from cluster.addresses import AddressPool
from cluster.api import Api
from cluster.objects import KubeObject, objects, text
from cluster.standin import StandIn

_MANAGER = "cloud"


class LoadBalancers(StandIn):
    """Gives each Service of type LoadBalancer an address out of 203.0.113.0/24, from .201 on."""

    api_version, kind = "v1", "Service"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._pool = AddressPool("203.0.113.0/24", first=201)
        self._given: dict[str, str] = {}

    def reset(self, present: Sequence[KubeObject]) -> None:
        self._given.clear()
        self._pool.reset(address for service in present for address in _addresses(service))

    def gone(self, last: KubeObject) -> None:
        self._given.pop(text(last, "metadata", "uid"), None)
        for address in _addresses(last):
            self._pool.free(address)

    def react(self, found: KubeObject) -> None:
        if text(found, "spec", "type") == "LoadBalancer" and not _addresses(found):
            uid = text(found, "metadata", "uid")
            if uid not in self._given:
                self._given[uid] = self._pool.take()
            _publish(self.api, found, self._given[uid])


class IngressAddresses(StandIn):
    """Gives each Ingress of a known class the address that its controller is reached at."""

    api_version, kind = "networking.k8s.io/v1", "Ingress"

    def __init__(self, api: Api, by_class: Mapping[str, str]) -> None:
        super().__init__(api)
        self._by_class = by_class

    def reset(self, present: Sequence[KubeObject]) -> None: ...

    def gone(self, last: KubeObject) -> None: ...

    def react(self, found: KubeObject) -> None:
        address = self._by_class.get(text(found, "spec", "ingressClassName"))
        if address and _addresses(found) != [address]:
            _publish(self.api, found, address)


def _addresses(found: KubeObject) -> list[str]:
    return [text(each, "ip") for each in objects(found, "status", "loadBalancer", "ingress")]


def _publish(api: Api, found: KubeObject, address: str) -> None:
    manifest = {
        "apiVersion": text(found, "apiVersion"),
        "kind": text(found, "kind"),
        "metadata": {key: text(found, "metadata", key) for key in ("name", "namespace", "uid")},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }
    api.apply(manifest, manager=_MANAGER, subresource="status")
