"""The sample world without a cluster: its states, with the nodes, pods and addresses of one."""

from collections.abc import Iterable, Iterator
from itertools import count, cycle
from uuid import NAMESPACE_OID, uuid5

from cluster import podstatus
from cluster.addresses import AddressPool
from cluster.nodes import Node
from cluster.objects import KubeObject, dig, text
from demo import samples

NODES = tuple(Node(number, external=True) for number in (1, 2, 3))
_INGRESS_ADDRESS = "203.0.113.90"


def states() -> list[list[KubeObject]]:
    """The manifests of the base world, and those after each change."""
    world = {_key(each): each for each in (*samples.local(), *samples.base())}
    found = [list(world.values())]
    for change in samples.changes():
        for gone in change.delete:
            del world[_key(gone)]
        world |= {_key(each): each for each in change.apply}
        found.append(list(world.values()))
    return found


def running(manifests: Iterable[KubeObject], rollout: int = 1) -> list[KubeObject]:
    """A state as a cluster has it; in another rollout its pods have other names and addresses.

    All UIDs differ too, as if everything had been made anew.
    """
    cluster = _Cluster(rollout)
    nodes = ({**node.manifest(), "status": node.status()} for node in NODES)
    found = [*nodes, *(part for each in manifests for part in cluster.run(each))]
    return [_with_metadata(each, uid=uid_of(each, rollout)) for each in found]


def uid_of(manifest: KubeObject, rollout: int) -> str:
    """The UID that an object has in a rollout."""
    return str(uuid5(NAMESPACE_OID, f"{rollout} {_key(manifest)}"))


class _Cluster:
    """What controllers, a scheduler, kubelets and a cloud add."""

    def __init__(self, rollout: int) -> None:
        self._rollout = rollout
        first = 2 + 100 * (rollout - 1)
        self._pools = {node: AddressPool(node.pod_cidrs[0], first) for node in NODES}
        self._turn = cycle(NODES)
        self._balancers = count(201)

    def run(self, manifest: KubeObject) -> Iterator[KubeObject]:
        kind = text(manifest, "kind")
        if kind in ("Deployment", "StatefulSet", "DaemonSet"):
            yield from self._workload(manifest)
        elif kind == "Ingress":
            yield _balanced(manifest, _INGRESS_ADDRESS)
        elif text(manifest, "spec", "type") == "LoadBalancer":
            yield _balanced(manifest, f"203.0.113.{next(self._balancers)}")
        else:
            yield manifest

    def _workload(self, workload: KubeObject) -> Iterator[KubeObject]:
        owner = workload
        if workload["kind"] == "Deployment":
            owner = _owned(workload, "apps/v1", "ReplicaSet", f"template-{self._rollout}")
            yield owner
        daemon = workload["kind"] == "DaemonSet"
        replicas = len(NODES) if daemon else dig(workload, "spec", "replicas")
        assert isinstance(replicas, int)
        for number in range(replicas):
            name = f"{self._rollout}-{number}"
            template = dig(workload, "spec", "template")
            assert isinstance(template, dict)
            yield self._pod(_owned(owner, "v1", "Pod", name, template))

    def _pod(self, pod: KubeObject) -> KubeObject:
        node, spec = next(self._turn), pod["spec"]
        assert isinstance(spec, dict)
        hosted = spec.get("hostNetwork")
        addresses = node.internal_ips if hosted else [self._pools[node].take()]
        status = podstatus.running(pod, node.internal_ips, addresses)["status"]
        return {**pod, "spec": {**spec, "nodeName": node.name}, "status": status}


def _owned(
    owner: KubeObject, version: str, kind: str, suffix: str, template: KubeObject | None = None
) -> KubeObject:
    """An object that a controller makes of its own, after a template if there is one."""
    name = text(owner, "metadata", "name")
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": name}
    made = {"apiVersion": version, "kind": kind, **(template or {})}
    return _with_metadata(
        made,
        name=f"{name}-{suffix}",
        namespace=text(owner, "metadata", "namespace"),
        ownerReferences=[{**reference, "controller": True}],
    )


def _with_metadata(manifest: KubeObject, **fields: object) -> KubeObject:
    metadata = manifest.get("metadata", {})
    assert isinstance(metadata, dict)
    return {**manifest, "metadata": {**metadata, **fields}}


def _balanced(manifest: KubeObject, address: str) -> KubeObject:
    return {**manifest, "status": {"loadBalancer": {"ingress": [{"ip": address}]}}}


def _key(manifest: KubeObject) -> tuple[str, str, str]:
    namespace, name = text(manifest, "metadata", "namespace"), text(manifest, "metadata", "name")
    return text(manifest, "kind"), namespace, name
