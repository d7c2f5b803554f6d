"""Small objects for the tests of the watch."""

import json
import uuid
from datetime import UTC, datetime

from cluster.etcd import Etcd, registry_key
from cluster.objects import KubeObject

_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def policy(namespace: str, name: str, app: str = "web") -> KubeObject:
    """A NetworkPolicy that shuts one app."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Ingress"]},
    }


def put_policy(
    etcd: Etcd, namespace: str, name: str, app: str = "web", created: datetime = _CREATED
) -> None:
    """Write a NetworkPolicy behind the API server's back."""
    manifest = policy(namespace, name, app)
    time = f"{created:%Y-%m-%dT%H:%M:%SZ}"
    identity = {"uid": str(uuid.uuid4()), "creationTimestamp": time}
    metadata = {"namespace": namespace, "name": name, **identity}
    content = json.dumps({**manifest, "metadata": metadata})
    etcd.put(registry_key("networkpolicies", namespace, name), content.encode())


def crd(group: str, kind: str, plural: str, version: str, scope: str = "Namespaced") -> KubeObject:
    """A CustomResourceDefinition that takes anything."""
    # Where Kubernetes' own groups are concerned, the API server asks who has agreed.
    agreed = {"annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"} | (agreed if group.endswith(".k8s.io") else {}),
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
