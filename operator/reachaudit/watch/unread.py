"""What a cluster is taken for where a kind of object in it may not be read (UNK-10).

Some kinds only name things or limit what is known, and the engine says UNKNOWN where it lacks
them. For others, facts that are not understood stand in, so that what hangs on them is UNKNOWN.
Without the rest an answer would look sure and be wrong: no policy is "all is open", and no Service,
endpoint, Ingress or node is "nobody comes in".
"""

from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.model.facts import Fact, Ingress, IngressClass, Namespace, OpaquePolicy, Pod
from reachaudit.model.kinds import INGRESS_CLASS, NAMESPACE, SERVICE_CIDR, VENDOR_KINDS, Kind
from reachaudit.model.store import Facts

_VENDORS = frozenset(kind.name for kind in VENDOR_KINDS)
_CONSEQUENCES = {
    NAMESPACE.name: "rules that select namespaces by other labels than their names are UNKNOWN",
    INGRESS_CLASS.name: "who serves an Ingress is UNKNOWN",
    SERVICE_CIDR.name: "of Service ranges only the addresses in use are known",
    "ReplicaSet": "pods go by the names of their ReplicaSets, not of their Deployments",
    "Job": "pods go by the names of their Jobs, not of their CronJobs",
    **dict.fromkeys(_VENDORS, "whatever they may concern is UNKNOWN"),
}
_UNREAD = "(unread)"


class Unread(NamedTuple):
    """A kind whose objects could not be listed.

    `served`: whether the API server knows the kind, and only forbids it.
    """

    kind: Kind
    served: bool


def consequence(unread: Unread) -> str | None:
    """What follows for the verdicts, in words; None where no verdict can be had."""
    return _CONSEQUENCES.get(unread.kind.name)


def stand_ins(unread: Unread, facts: Facts) -> Iterator[Fact]:
    """The facts that keep what hangs on a kind UNKNOWN."""
    kind = unread.kind.name
    if kind == INGRESS_CLASS.name:
        names = {ingress.class_name for ingress in facts.of(Ingress)} - {""}
        yield from (IngressClass("", name, controller=_UNREAD) for name in sorted(names))
    if kind in _VENDORS:
        places = _namespaces(facts) if unread.kind.namespaced else [""]
        yield from (OpaquePolicy(place, _UNREAD, kind_name=kind) for place in places)


def _namespaces(facts: Facts) -> list[str]:
    named = {namespace.name for namespace in facts.of(Namespace)}
    return sorted(named | {pod.namespace for pod in facts.of(Pod)})
