"""The statuses that a kubelet reports of a pod: it runs, or its containers have ended."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cluster.objects import KubeObject, dig, objects, text

_KEPT = ("startTime", "hostIP", "hostIPs", "podIP", "podIPs")


def running(pod: KubeObject, host_ips: Sequence[str], pod_ips: Sequence[str]) -> KubeObject:
    """The pod runs and is ready, with these addresses."""
    now = _now()
    status = {
        "phase": "Running",
        "startTime": now,
        "hostIP": host_ips[0],
        "hostIPs": [{"ip": ip} for ip in host_ips],
        "podIP": pod_ips[0],
        "podIPs": [{"ip": ip} for ip in pod_ips],
        "conditions": _conditions(now, ready="True"),
        "containerStatuses": _containers(pod, {"running": {"startedAt": now}}, ready=True),
    }
    return _with_status(pod, status)


def finished(pod: KubeObject) -> KubeObject:
    """All containers of the pod, which keeps its addresses, have ended well."""
    now = _now()
    kept = {key: value for key in _KEPT if (value := dig(pod, "status", key))}
    ended = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": now}}
    status = {
        **kept,
        "phase": "Succeeded",
        "conditions": _conditions(now, ready="False"),
        "containerStatuses": _containers(pod, ended, ready=False),
    }
    return _with_status(pod, status)


def _with_status(pod: KubeObject, status: KubeObject) -> KubeObject:
    """The uid makes the server refuse where another pod has taken the name."""
    metadata = {key: text(pod, "metadata", key) for key in ("name", "namespace", "uid")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def _conditions(now: str, *, ready: str) -> list[KubeObject]:
    begun = dict.fromkeys(("PodScheduled", "PodReadyToStartContainers", "Initialized"), "True")
    statuses = {**begun, "ContainersReady": ready, "Ready": ready}
    return [
        {"type": kind, "status": status, "lastTransitionTime": now}
        for kind, status in statuses.items()
    ]


def _containers(pod: KubeObject, state: KubeObject, *, ready: bool) -> list[KubeObject]:
    return [
        {
            "name": text(container, "name"),
            "image": text(container, "image"),
            "imageID": "",
            "ready": ready,
            "started": ready,
            "restartCount": 0,
            "state": state,
        }
        for container in objects(pod, "spec", "containers")
    ]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
