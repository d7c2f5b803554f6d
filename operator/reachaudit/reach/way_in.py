"""A way in: by which clients outside may come to a workload."""

from collections.abc import Callable, Hashable, Sequence

from msgspec import Struct

from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach.callers import Entry
from reachaudit.reach.identity import Identity
from reachaudit.reach.ingresses import Route
from reachaudit.reach.services import Backend, Only, anything, usable
from reachaudit.reach.verdict import PathVerdict
from reachaudit.reach.workloads import Workload
from reachaudit.reach.zones import Zone


def _no_further(path: PathVerdict) -> PathVerdict:
    return path


class WayIn(Struct, frozen=True):
    """One way by which clients of a zone may come to a workload.

    `by` is the object that opens the way; `way` says where it listens: `NodePort 30080/TCP`,
    `Ingress shop.example.com/`. `port` is the pods' own, on the line. `onward` makes the verdict of
    the entry that of the whole way, where who serves a `route` connects to the workload anew.
    """

    zone: Zone
    family: Family
    workload: Workload
    by: Ref
    way: str
    port: int
    entry: Entry
    onward: Callable[[PathVerdict], PathVerdict] = _no_further
    route: Route | None = None


def ends(backends: Sequence[Backend], identity: Identity) -> dict[tuple[Workload, int], Only]:
    """Usable endpoints by workload and port: a name may be another number on each pod."""
    alike: dict[tuple[Hashable, int], list[Backend]] = {}
    for backend in usable(backends):
        if (pod := backend.party.pod) is not None:
            number = backend.party.number
            alike.setdefault((pod.ref if number is None else number, backend.port), []).append(
                backend
            )
    found: dict[tuple[Workload, int], list[Backend]] = {}
    for (_, port), own in alike.items():
        assert own[0].party.pod is not None
        found.setdefault((identity.workload(own[0].party.pod), port), []).extend(own)
    return {
        end: anything if len(own) == len(backends) else frozenset(own).__contains__
        for end, own in found.items()
    }
