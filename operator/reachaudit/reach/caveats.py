"""What a verdict does not speak of: where more than Kubernetes objects may decide."""

from collections.abc import Iterator, Mapping

from reachaudit.model.facts import Namespace, Pod
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.party import Party
from reachaudit.reach.verdict import Outcome, PathVerdict
from reachaudit.reach.zones import zone_of

# UNK-3: labels of pods and namespaces by which meshes take pods in, and the values that do not.
_MESH_LABELS: dict[str, tuple[str, ...]] = {
    "sidecar.istio.io/inject": ("false",),
    "istio-injection": ("disabled",),
    "istio.io/rev": ("",),
    "istio.io/dataplane-mode": ("none",),
    "security.istio.io/tlsMode": ("disabled",),
    "linkerd.io/control-plane-ns": ("",),
    "kuma.io/sidecar-injection": ("disabled",),
}
MESH = "a service mesh may restrict it further (UNK-3)"
BEYOND = "firewalls and access lists outside Kubernetes are not known (UNK-4)"
METADATA = "an agent on the node may answer in place of the cloud's metadata server (EXT-7)"


def caveats(facts: Facts, path: PathVerdict) -> tuple[str, ...]:
    """Sentences about what may yet stop, or answer, a connection that policies let pass."""
    if path.outcome not in (Outcome.ALLOW, Outcome.PARTIAL):
        return ()
    return tuple(dict.fromkeys(_caveats(facts, path)))


def _caveats(facts: Facts, path: PathVerdict) -> Iterator[str]:
    for way in path.ways:
        ends = way.source, way.target
        if any(end.pod is not None and _meshed(facts, end.pod) for end in ends):
            yield MESH
        if any(_leaves(end) for end in ends):
            yield BEYOND
        if zone_of(way.target.address) == "metadata":
            yield METADATA


def _leaves(end: Party) -> bool:
    """Whether an end is a node or outside: there others than Kubernetes guard."""
    return end.pod is None or end.pod.host_network


def _meshed(facts: Facts, pod: Pod) -> bool:
    """What a pod says of itself comes before what its namespace says."""
    namespace = facts.get(Namespace, Ref(Namespace.kind, "", pod.namespace))
    for labels in (pod.labels, namespace.labels if namespace else ()):
        said = dict(labels)
        if said.keys() & _MESH_LABELS.keys():
            return _taken_in(said)
    return False


def _taken_in(labels: Mapping[str, str]) -> bool:
    return any(
        key in labels and labels[key] not in without for key, without in _MESH_LABELS.items()
    )
