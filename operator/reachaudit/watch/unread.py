"""What a cluster is taken for where a kind of object in it may not be read (UNK-10).

Some kinds only name things or limit what is known, and the engine says UNKNOWN where it lacks
them. For others, facts that are not understood stand in, so that what hangs on them is UNKNOWN.
Without the rest an answer would look sure and be wrong: no policy is "all is open", and no Service,
endpoint, Ingress or node is "nobody comes in".
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reachaudit.model.facts import Fact, Ingress, IngressClass, Namespace, OpaquePolicy, Pod
from reachaudit.model.kinds import INGRESS_CLASS, NAMESPACE, SERVICE_CIDR, VENDOR_KINDS, Kind

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


class Grounds:
    """What stand-ins hang on: the namespaces that are there, and the ingress classes in use."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._namespaces: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        for fact in facts:
            self.move(None, fact)

    def move(self, old: Fact | None, new: Fact | None) -> bool:
        """Follow one object; whether stand-ins are others now."""
        came = new is not None and self._count(new, 1)
        went = old is not None and self._count(old, -1)
        return came or went

    @property
    def namespaces(self) -> list[str]:
        """Those with an object of their own, and those with pods; in order."""
        return sorted(self._namespaces)

    @property
    def classes(self) -> list[str]:
        """Those that Ingresses name, in order."""
        return sorted(self._classes.keys() - {""})

    def _count(self, fact: Fact, by: int) -> bool:
        match fact:
            case Pod():
                return _counted(self._namespaces, fact.namespace, by)
            case Namespace():
                return _counted(self._namespaces, fact.name, by)
            case Ingress():
                return _counted(self._classes, fact.class_name, by)
            case _:
                return False


def _counted(counter: Counter[str], key: str, by: int) -> bool:
    """Whether a key came or went with it."""
    before = counter[key]
    counter[key] = before + by
    if counter[key] == 0:
        del counter[key]
    return before == 0 or before + by == 0


def consequence(kind: Kind) -> str | None:
    """What follows for the verdicts where it is unread, in words; None where none can be had."""
    return _CONSEQUENCES.get(kind.name)


def told(unread: Unread, source: str) -> str:
    """The same as a sentence for people; `source`: whose rights are too few."""
    why = f"may not be listed by {source}" if unread.served else "are not served"
    follows = consequence(unread.kind) or "no verdict can do without them"
    return f"{plural(unread.kind)} {why}: {follows} (UNK-10)"


def plural(kind: Kind) -> str:
    """`pods`, `ingresses.networking.k8s.io`."""
    return f"{kind.resource}.{kind.group}" if kind.group else kind.resource


def stand_ins(unread: Unread, grounds: Grounds) -> Iterator[Fact]:
    """The facts that keep what hangs on a kind UNKNOWN."""
    kind = unread.kind.name
    if kind == INGRESS_CLASS.name:
        yield from (IngressClass("", name, controller=_UNREAD) for name in grounds.classes)
    if kind in _VENDORS:
        places = grounds.namespaces if unread.kind.namespaced else [""]
        yield from (OpaquePolicy(place, _UNREAD, kind_name=kind) for place in places)
