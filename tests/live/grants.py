"""Users who may read some kinds and not others."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.waiting import wait_for
from live.identity import may
from reachaudit.model.kinds import KINDS

RBAC = "rbac.authorization.k8s.io"
ROLE, BINDING = (f"{RBAC}/v1", "ClusterRole"), (f"{RBAC}/v1", "ClusterRoleBinding")


class Grant(Protocol):
    """Lets a user read all kinds but those named, and waits until it is so; his kubeconfig."""

    def __call__(self, *missing: str) -> Path: ...


@contextmanager
def granting(controlplane: ControlPlane, user: str) -> Iterator[Grant]:
    """For the default service account of a namespace, which names the role too."""

    controlplane.api.create(binding(user, user))
    kubeconfig = controlplane.kubeconfig_for(user, "default")
    with closing(Api(kubeconfig)) as identity:

        def grant(*missing: str) -> Path:
            permit(controlplane.api, user, *missing)
            wait_for(lambda: _missing(identity) == set(missing), "the rights are heeded")
            return kubeconfig

        yield grant
    controlplane.api.delete(*BINDING, user)
    controlplane.api.delete(*ROLE, user)


def _missing(identity: Api) -> set[str]:
    """The kinds that a user may not read."""
    return {k.name for k in KINDS if not may(identity, "list", k.resource, group=k.group)}


def permit(api: Api, role: str, *missing: str) -> None:
    """Have a ClusterRole let its users read all kinds but those named."""
    rules = [
        {"apiGroups": [kind.group], "resources": [kind.resource], "verbs": ["list", "watch"]}
        for kind in KINDS
        if kind.name not in missing
    ]
    metadata = {"name": role}
    api.apply({"apiVersion": ROLE[0], "kind": ROLE[1], "metadata": metadata, "rules": rules})


def binding(user: str, role: str) -> dict[str, object]:
    """Lets the default service account of a namespace do what a role says."""
    return {
        "apiVersion": BINDING[0],
        "kind": BINDING[1],
        "metadata": {"name": user},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": user}],
    }
