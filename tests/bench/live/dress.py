"""What a cluster adds to an object beside what the audit reads: so lists are as long as real ones.

Nothing of it changes the fact that is read of the object. A dressed pod is some 6 kB of JSON.
"""

from collections.abc import Mapping

from cluster.objects import KubeObject, dig, objects, text

CREATED = "2026-01-01T00:00:00Z"
Part = Mapping[str, object]


def dressed(found: KubeObject, uid: str) -> KubeObject:
    """An object as the API server would keep it."""
    kind = text(found, "kind")
    full = {**found, **_PARTS[kind](found)} if kind in _PARTS else found
    metadata = {
        "uid": uid,
        "creationTimestamp": CREATED,
        "generation": 1,
        **_mapping(full, "metadata"),
        "managedFields": [_managed(part, full) for part in ("spec", "status") if part in full],
    }
    owners = [{"uid": uid, **owner} for owner in objects(found, "metadata", "ownerReferences")]
    return {**full, "metadata": {**metadata, **({"ownerReferences": owners} if owners else {})}}


def _managed(part: str, full: KubeObject) -> Part:
    """Who wrote a part, field by field. Pods have all the same: they are too many."""
    of_pod = full["kind"] == "Pod"
    return {
        "manager": "kubelet" if part == "status" else "kube-controller-manager",
        "operation": "Update",
        "apiVersion": full["apiVersion"],
        "time": CREATED,
        "fieldsType": "FieldsV1",
        "fieldsV1": _POD_FIELDS[part] if of_pod else _fields({part: full[part]}),
        **({"subresource": "status"} if part == "status" else {}),
    }


def _fields(value: object) -> Part:
    if isinstance(value, Mapping):
        return {f"f:{key}": _fields(inner) for key, inner in value.items()}
    if isinstance(value, list):
        named = (each for each in value if text(each, "name"))
        return {f'k:{{"name":"{text(e, "name")}"}}': {".": {}, **_fields(e)} for e in named}
    return {}


def _mapping(found: object, *path: str) -> Part:
    value = dig(found, *path)
    return value if isinstance(value, Mapping) else {}


def _condition(kind: str, status: str = "True") -> Part:
    return {
        "type": kind,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": CREATED,
    }


def _namespace(_: KubeObject) -> Part:
    return {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


def _node(found: KubeObject) -> Part:
    amounts = {"cpu": "16", "memory": "65842292Ki", "pods": "110", "ephemeral-storage": "101Gi"}
    status = {
        **_mapping(found, "status"),
        "capacity": amounts,
        "allocatable": amounts,
        "conditions": [
            _condition("Ready"),
            *(_condition(f"{what}Pressure", "False") for what in ("Memory", "Disk", "PID")),
        ],
        "images": [
            {"names": [f"registry.example.com/app-{n}@sha256:{n:064x}"], "sizeBytes": 10**8 + n}
            for n in range(20)
        ],
        "nodeInfo": {
            "architecture": "amd64",
            "operatingSystem": "linux",
            "kubeletVersion": "v1.36.3",
            "containerRuntimeVersion": "containerd://2.2.9",
        },
    }
    return {"status": status}


def _service(found: KubeObject) -> Part:
    spec = {
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "ipFamilyPolicy": "SingleStack",
        **_mapping(found, "spec"),
    }
    return {"spec": spec, "status": {"loadBalancer": {}, **_mapping(found, "status")}}


def _pod(found: KubeObject) -> Part:
    metadata = _mapping(found, "metadata")
    (container,) = objects(found, "spec", "containers")
    annotations = {
        "checksum/config": "0f5d2ba1c8c34d6e9b7a",
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9090",
    }
    return {
        "metadata": {**metadata, "annotations": annotations},
        "spec": {
            **_mapping(found, "spec"),
            **_POD_SPEC,
            "containers": [{**container, **_CONTAINER}],
        },
        "status": _pod_status(_mapping(found, "status"), container),
    }


def _pod_status(status: Part, container: KubeObject) -> Part:
    (ready,) = objects(status, "conditions")
    address, running = text(status, "podIP"), status["phase"] == "Running"
    state = {"running": {"startedAt": CREATED}} if running else {"waiting": {"reason": "Pulling"}}
    told: Part = {
        "name": container["name"],
        "image": container["image"],
        "imageID": f"{container['image']}@sha256:{1:064x}",
        "containerID": f"containerd://{2:064x}",
        "ready": ready["status"] == "True",
        "restartCount": 0,
        "started": running,
        "state": state,
        "lastState": {},
    }
    conditions = ("PodReadyToStartContainers", "Initialized", "ContainersReady", "PodScheduled")
    return {
        **status,
        **({"podIPs": [{"ip": address}], "hostIP": "172.16.0.1"} if address else {}),
        "startTime": CREATED,
        "qosClass": "Burstable",
        "conditions": [*map(_condition, conditions), {**_condition("Ready"), **ready}],
        "containerStatuses": [told],
    }


def _environment() -> list[Part]:
    plain = {"LOG_LEVEL": "info", "REGION": "eu-central-1", "TRACING": "http://otel.svc:4317"}
    address = {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}
    return [
        *({"name": name, "value": value} for name, value in plain.items()),
        {"name": "POD_IP", "valueFrom": address},
    ]


def _probe(path: str) -> Part:
    return {
        "httpGet": {"path": path, "port": 9090, "scheme": "HTTP"},
        "periodSeconds": 10,
        "timeoutSeconds": 1,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"
_CONTAINER: Part = {
    "env": _environment(),
    "imagePullPolicy": "IfNotPresent",
    "livenessProbe": _probe("/healthz"),
    "readinessProbe": _probe("/readyz"),
    "resources": {
        "limits": {"memory": "512Mi"},
        "requests": {"cpu": "100m", "memory": "256Mi"},
    },
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "volumeMounts": [
        {"name": "config", "mountPath": "/etc/app"},
        {"name": "kube-api-access", "mountPath": _TOKEN, "readOnly": True},
    ],
}
_POD_SPEC: Part = {
    "dnsPolicy": "ClusterFirst",
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0,
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "serviceAccountName": "default",
    "terminationGracePeriodSeconds": 30,
    "tolerations": [
        {
            "key": f"node.kubernetes.io/{what}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        }
        for what in ("not-ready", "unreachable")
    ],
    "volumes": [
        {"name": "config", "configMap": {"name": "config", "defaultMode": 420}},
        {
            "name": "kube-api-access",
            "projected": {
                "defaultMode": 420,
                "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"name": "kube-root-ca.crt"}},
                ],
            },
        },
    ],
}
_EMPTY_STATUS: Part = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"status": "True"}]}
_NAMED: Part = {"name": "main", "image": "registry.example.com/app:v1"}
_POD_FIELDS = {
    "spec": _fields(
        {
            "metadata": {"labels": dict.fromkeys(("app", "tier", "version", "release"))},
            "spec": {**_POD_SPEC, "containers": [{**_NAMED, "ports": [], **_CONTAINER}]},
        }
    ),
    "status": _fields({"status": _pod_status(_EMPTY_STATUS, _NAMED)}),
}
_PARTS = {"Namespace": _namespace, "Node": _node, "Service": _service, "Pod": _pod}
