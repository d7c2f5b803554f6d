"""Endpoints, which a cluster shows as EndpointSlices too (SVC-11)."""

from collections.abc import Iterator
from typing import ClassVar

from reachaudit.model.facts import EndpointSlice, Fact
from reachaudit.model.ip import FAMILIES, Family, parse_address
from reachaudit.model.kinds import Kind
from reachaudit.model.objects.endpoints import (
    SERVICE_LABEL,
    EndpointConditions,
    TargetReference,
    WireEndpoint,
    WireEndpointSlice,
    WireSlicePort,
    read_endpoint_slice,
)
from reachaudit.model.objects.wire import Metadata, Object, Reading, Wire
from reachaudit.model.parse import parser

SKIP_LABEL = "endpointslice.kubernetes.io/skip-mirror"


class Endpoints(Fact, frozen=True, gc=False):
    """Endpoints, as the slices that they are mirrored into where their Service has no selector."""

    kind: ClassVar[str] = "Endpoints"
    slices: tuple[EndpointSlice, ...] = ()


class WireAddress(Wire):
    """An entry of `addresses` or `notReadyAddresses`."""

    ip: str = ""
    node_name: str | None = None
    target_ref: TargetReference | None = None


class WireSubset(Wire):
    """An entry of `subsets`."""

    addresses: list[WireAddress] | None = None
    not_ready_addresses: list[WireAddress] | None = None
    ports: list[WireSlicePort] | None = None


class WireEndpoints(Object):
    """Endpoints on the wire."""

    subsets: list[WireSubset] | None = None


def read_endpoints(endpoints: WireEndpoints) -> Reading:
    """Endpoints by the slices that they become: one a subset and family."""
    meta, problems = endpoints.metadata, list[str]()
    slices: list[EndpointSlice] = []
    for i, subset in enumerate(endpoints.subsets or ()):
        for family, found in _by_family(subset, f"subsets[{i}]", problems):
            named = Metadata(
                name=f"{meta.name}-{len(slices)}",
                namespace=meta.namespace,
                labels={SERVICE_LABEL: meta.name},
            )
            piece = WireEndpointSlice(named, family, subset.ports, found)
            fact, more = read_endpoint_slice(piece)
            assert isinstance(fact, EndpointSlice)
            slices.append(fact)
            problems += (f"subsets[{i}].{problem}" for problem in more)
    skipped = (meta.labels or {}).get(SKIP_LABEL) == "true"
    kept = () if skipped else tuple(slices)
    return Reading(Endpoints(meta.namespace or "default", meta.name, kept), tuple(problems))


def _by_family(
    subset: WireSubset, path: str, problems: list[str]
) -> Iterator[tuple[Family, list[WireEndpoint]]]:
    found: dict[Family, list[WireEndpoint]] = {family: [] for family in FAMILIES}
    for ready, entries in ((True, subset.addresses), (False, subset.not_ready_addresses)):
        for entry in entries or ():
            address = parse_address(entry.ip)
            if address is None:
                problems.append(f"{path}: {entry.ip!r} is not an IP address")
                continue
            state = EndpointConditions(ready=ready)
            found[address.family].append(
                WireEndpoint([entry.ip], state, entry.node_name, entry.target_ref)
            )
    return ((family, each) for family, each in found.items() if each)


ENDPOINTS = Kind(
    "Endpoints", "", "v1", "endpoints", parser("Endpoints", WireEndpoints, read_endpoints)
)
