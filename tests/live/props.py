"""The objects of a scene, as short as a test wants to read them."""

from collections.abc import Mapping

from cluster.api import Api
from cluster.objects import KubeObject, text
from cluster.waiting import wait_for

NETWORKING = "networking.k8s.io/v1"
SHUT_INGRESS = {"policyTypes": ["Ingress"]}
SHUT = {"policyTypes": ["Ingress", "Egress"]}
OPEN = {**SHUT, "ingress": [{}], "egress": [{}]}


def run_pod(api: Api, namespace: str, name: str, labels: Mapping[str, str] | None = None) -> None:
    """A pod that runs, labelled `app: <name>` if not otherwise."""
    pod = {
        **_head("v1", "Pod", namespace, name, labels or {"app": name}),
        "spec": {"containers": [{"name": "main", "image": "example.com/web:1"}]},
    }
    api.create(pod)

    def phase() -> str:
        return text(api.get("v1", "Pod", name, namespace).body, "status", "phase")

    wait_for(lambda: phase() == "Running", f"pod {name} runs")


def service(namespace: str, name: str, app: str, **spec: object) -> KubeObject:
    """A Service for the pods of an app."""
    ports = [{"port": 80, "targetPort": 8080}]
    spec = {"selector": {"app": app}, "ports": ports, **spec}
    return {**_head("v1", "Service", namespace, name), "spec": spec}


def ingress(
    namespace: str, name: str, routes: Mapping[str, str], of_class: str = "nginx"
) -> KubeObject:
    """An Ingress with routes from hosts to Services, all on port 80."""
    rules = [
        {"host": host, "http": {"paths": [_path(backend)]}} for host, backend in routes.items()
    ]
    spec = {"ingressClassName": of_class, "rules": rules}
    return {**_head(NETWORKING, "Ingress", namespace, name), "spec": spec}


def ingress_class(name: str, controller: str) -> KubeObject:
    """An IngressClass."""
    return {**_head(NETWORKING, "IngressClass", "", name), "spec": {"controller": controller}}


def policy(namespace: str, name: str, app: str, spec: Mapping[str, object]) -> KubeObject:
    """A NetworkPolicy for the pods of an app, or for all with app ""."""
    subject = {"matchLabels": {"app": app}} if app else {}
    head = _head(NETWORKING, "NetworkPolicy", namespace, name)
    return {**head, "spec": {"podSelector": subject, **spec}}


def _path(service: str) -> KubeObject:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    return {"path": "/", "pathType": "Prefix", "backend": backend}


def _head(
    version: str, kind: str, namespace: str, name: str, labels: Mapping[str, str] | None = None
) -> dict[str, object]:
    metadata: dict[str, object] = {"name": name}
    metadata |= {"namespace": namespace} if namespace else {}
    metadata |= {"labels": labels} if labels else {}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
