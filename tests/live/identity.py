"""The operator's identity: its ServiceAccount with the rights of the plain manifests, no more."""

import yaml

from chart.deployment import OperatorCommand, operator_command
from chart.helmchart import ROOT, one
from cluster.api import Api
from cluster.objects import KubeObject, dig

USER = "system:serviceaccount:reachaudit:reachaudit"

_MANIFESTS = ROOT / "deploy" / "manifests" / "reachaudit.yaml"
_IDENTITY = (
    "Namespace",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
)


def install_identity(api: Api) -> OperatorCommand:
    """Who the operator is, into the cluster; what its pod would run, as the answer."""
    manifests: tuple[KubeObject, ...] = tuple(yaml.safe_load_all(_MANIFESTS.read_text()))
    for kind in _IDENTITY:
        api.apply(one(manifests, kind))
    return operator_command(one(manifests, "Deployment"))


def may(identity: Api, verb: str, resource: str, namespace: str = "", group: str = "") -> bool:
    """Whether an identity may do something, by the API server's own word."""
    attributes = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    return dig(identity.create(review).body, "status", "allowed") is True
