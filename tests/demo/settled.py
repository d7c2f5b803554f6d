"""Whether a world is up: pods run, Services know their endpoints, load balancers have addresses."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from cluster.api import Api
from cluster.objects import KubeObject, dig, objects, text
from cluster.waiting import wait_for


def await_settled(api: Api, *, cloud: bool = True, seconds: float = 30.0) -> None:
    """Wait until nothing is pending, or raise a TimeoutError that names what is."""
    try:
        wait_for(lambda: not pending(api, cloud=cloud), "the world is up", seconds)
    except TimeoutError:
        missing = ", ".join(pending(api, cloud=cloud)) or "it took a little longer"
        raise TimeoutError(f"the world is not up after {seconds:g} s: {missing}") from None


def pending(api: Api, *, cloud: bool = True) -> list[str]:
    """What is still missing. Without a cloud no load balancer ever gets an address."""
    services = api.list("v1", "Service").items
    balanced = [each for each in services if text(each, "spec", "type") == "LoadBalancer"]
    balanced += api.list("networking.k8s.io/v1", "Ingress").items
    return [
        *(f"pods of {_name(each)}" for each in _workloads(api) if not _runs(each)),
        *(f"endpoints of Service {_name(each)}" for each in _unlinked(api, services)),
        *(f"address of {_name(each)}" for each in balanced if cloud and not address_of(each)),
    ]


def address_of(balanced: KubeObject) -> str:
    """The load balancer's address of a Service or Ingress; empty while there is none."""
    entry = dig(balanced, "status", "loadBalancer", "ingress", 0)
    return text(entry, "ip") or text(entry, "hostname")


def _workloads(api: Api) -> Iterator[KubeObject]:
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        yield from api.list("apps/v1", kind).items


def _runs(workload: KubeObject) -> bool:
    status = dig(workload, "status")
    if dig(status, "observedGeneration") != dig(workload, "metadata", "generation"):
        return False
    if (scheduled := dig(status, "desiredNumberScheduled")) is not None:  # a DaemonSet
        return scheduled != 0 and dig(status, "numberReady") == scheduled
    return dig(status, "readyReplicas") == dig(workload, "spec", "replicas")


def _unlinked(api: Api, services: Sequence[KubeObject]) -> Iterator[KubeObject]:
    """The Services that lack a pod which they select, or still have one that is gone."""
    linked: Mapping[str, set[str]] = defaultdict(set)
    for part in api.list("discovery.k8s.io/v1", "EndpointSlice").items:
        service = text(part, "metadata", "labels", "kubernetes.io/service-name")
        for endpoint in objects(part, "endpoints"):
            if dig(endpoint, "conditions", "ready"):
                pod = text(endpoint, "targetRef", "name")
                linked[f"{text(part, 'metadata', 'namespace')}/{service}"].add(pod)
    pods = api.list("v1", "Pod").items
    for each in services:
        selected = {text(pod, "metadata", "name") for pod in pods if _selects(each, pod)}
        if dig(each, "spec", "selector") and selected != linked[_name(each)]:
            yield each


def _selects(service: KubeObject, pod: KubeObject) -> bool:
    selector, labels = dig(service, "spec", "selector"), dig(pod, "metadata", "labels")
    if not isinstance(selector, dict) or not isinstance(labels, dict):
        return False
    same_namespace = text(service, "metadata", "namespace") == text(pod, "metadata", "namespace")
    return same_namespace and selector.items() <= labels.items()


def _name(found: KubeObject) -> str:
    return f"{text(found, 'metadata', 'namespace')}/{text(found, 'metadata', 'name')}"
