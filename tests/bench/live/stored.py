"""Facts as etcd keeps their objects, and a whole cluster written there at once.

The API server reads JSON from etcd as well as the protobuf that it writes itself.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from bench.live.dress import CREATED, dressed
from bench.objects import object_of
from cluster.etcd import Etcd, registry_key
from reachaudit.model.facts import Fact, Service
from reachaudit.model.ip import Address
from reachaudit.model.kinds import KINDS
from reachaudit.model.names import Ref

_BATCH = 100
_RESOURCES = {kind.name: kind.resource for kind in KINDS}
_SPACE = uuid.UUID("5f2d6d0e-8c62-4a0b-9d3c-6f0e7d1b2a34")


def key_of(ref: Ref) -> str:
    """Where etcd keeps an object."""
    home = (ref.namespace,) if ref.namespace else ()
    return registry_key(_RESOURCES[ref.kind], *home, ref.name)


def value_of(fact: Fact) -> bytes:
    """A fact's object as JSON, as long as a real one. Its UID hangs on its name."""
    uid = str(uuid.uuid5(_SPACE, key_of(fact.ref)))
    return msgspec.json.encode(dressed(object_of(fact), uid))


def load(etcd: Etcd, facts: Iterable[Fact]) -> None:
    """Write all objects."""
    values = _values(facts)
    while batch := dict(islice(values, _BATCH)):
        etcd.write(batch)


def _values(facts: Iterable[Fact]) -> Iterator[tuple[str, bytes]]:
    for fact in facts:
        if isinstance(fact, Service):
            yield from _allocated(fact)  # before the Service, or the API server sees one missing
        yield key_of(fact.ref), value_of(fact)


def _allocated(service: Service) -> Iterator[tuple[str, bytes]]:
    """The IPAddresses of a Service, which the API server would else make one by one."""
    for address in service.cluster_ips:
        yield registry_key("ipaddresses", str(address)), _ip_address(service, address)


def _ip_address(service: Service, address: Address) -> bytes:
    parent = {"resource": "services", "namespace": service.namespace, "name": service.name}
    labels = {
        "ipaddress.kubernetes.io/ip-family": address.family,
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    metadata: Mapping[str, object] = {
        "name": str(address),
        "uid": str(uuid.uuid5(_SPACE, str(address))),
        "creationTimestamp": CREATED,
        "labels": labels,
    }
    found = {"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress", "metadata": metadata}
    return msgspec.json.encode({**found, "spec": {"parentRef": parent}})
