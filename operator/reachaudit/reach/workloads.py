"""Workloads: what a person calls the sender or receiver, above its pods."""

from collections.abc import Callable
from typing import NamedTuple

from reachaudit.model.facts import Controller, Owner
from reachaudit.model.names import Ref


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


def workload_of(
    namespace: str, owner: Owner | str, find: Callable[[Ref], Controller | None]
) -> Workload:
    """Follow controllers up: a pod's ReplicaSet to its Deployment, its Job to its CronJob.

    `owner` is the pod's own name where it has none. `find` gives a controller by its object.
    """
    if isinstance(owner, str):
        return Workload(namespace, owner, "Pod")
    controller = find(Ref(owner.kind, namespace, owner.name))
    top = controller.owner if controller and controller.owner else owner
    return Workload(namespace, top.name, top.kind)
