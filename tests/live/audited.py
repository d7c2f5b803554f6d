"""What the operator has asked the API server for, by the API server's own audit log."""

import json

from cluster.controlplane import ControlPlane
from cluster.objects import KubeObject, text

READ = ("get", "list", "watch")


def requests(controlplane: ControlPlane) -> list[KubeObject]:
    """Each request, with how it was answered; those of tests in its name are left out."""
    whole_lines, _, _ = controlplane.audit_log.read_text().rpartition("\n")
    found = [json.loads(line) for line in whole_lines.splitlines()]
    return [each for each in found if text(each, "userAgent").startswith("reachaudit/")]


def resource(request: KubeObject) -> tuple[str, str]:
    """The API group and the resource that a request is about."""
    return text(request, "objectRef", "apiGroup"), text(request, "objectRef", "resource")
