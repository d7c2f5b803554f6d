"""Namespaces in which pods may be created at once."""

from collections.abc import Mapping

from cluster.api import Api
from cluster.objects import text
from cluster.waiting import wait_for


def create_namespace(api: Api, prefix: str, labels: Mapping[str, str] | None = None) -> str:
    """A new namespace, and the name that it got: a deleted one keeps its name busy for 5 s."""
    metadata = {"generateName": f"{prefix}-", "labels": labels or {}}
    created = api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    name = text(created.body, "metadata", "name")

    def service_accounts() -> list[str]:
        found = api.list("v1", "ServiceAccount", name).items
        return [text(each, "metadata", "name") for each in found]

    wait_for(lambda: "default" in service_accounts(), f"namespace {name} has its ServiceAccount")
    return name
