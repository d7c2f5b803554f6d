"""Objects written and deleted in etcd itself, behind the API server's back and its validation."""

import json
import uuid

from cluster.etcd import Etcd, registry_key
from cluster.objects import KubeObject, text

_RESOURCES = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies", "Service": "services"}


def put(etcd: Etcd, manifest: KubeObject) -> None:
    """Write an object, as new."""
    identity = {"uid": str(uuid.uuid4()), "creationTimestamp": "2026-01-01T00:00:00Z"}
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)
    content = json.dumps({**manifest, "metadata": metadata | identity})
    etcd.put(_key(manifest), content.encode())


def delete(etcd: Etcd, manifest: KubeObject) -> None:
    """Delete an object."""
    assert etcd.delete(_key(manifest)) == 1


def _key(manifest: KubeObject) -> str:
    resource = _RESOURCES[text(manifest, "kind")]
    return registry_key(
        resource, text(manifest, "metadata", "namespace"), text(manifest, "metadata", "name")
    )
