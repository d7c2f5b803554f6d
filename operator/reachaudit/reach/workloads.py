"""Workloads: what a person calls the sender or receiver, above its pods."""

from typing import NamedTuple

from reachaudit.model.facts import Controller, Pod
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts


class Workload(NamedTuple):
    """A Deployment, StatefulSet, DaemonSet, Job, CronJob …, or a pod that nobody owns."""

    namespace: str
    name: str
    kind: str

    @property
    def ref(self) -> Ref:
        """Its object."""
        return Ref(self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        """`shop/web[Deployment]`."""
        return f"{self.namespace}/{self.name}[{self.kind}]"


def workload_of(pod: Pod, facts: Facts) -> Workload:
    """Follow controllers up: a pod's ReplicaSet to its Deployment, its Job to its CronJob."""
    owner = pod.owner
    if owner is None:
        return Workload(pod.namespace, pod.name, "Pod")
    controller = facts.get(Controller, Ref(owner.kind, pod.namespace, owner.name))
    top = controller.owner if controller and controller.owner else owner
    return Workload(pod.namespace, top.name, top.kind)
