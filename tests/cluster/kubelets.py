"""A stand-in for the kubelets: pods get a node and addresses, run at once, and end when deleted."""

from collections.abc import Sequence
from itertools import cycle, islice

from cluster import podstatus
from cluster.addresses import AddressPool
from cluster.api import Api
from cluster.nodes import Node
from cluster.objects import KubeObject, dig, objects, text
from cluster.standin import StandIn

_MANAGER = "kubelet"


class Kubelets(StandIn):
    """The kubelets of `nodes` nodes, the first `external` of which have an ExternalIP.

    They bind pods to nodes too, in turn, unless the control plane has a scheduler (`binds=False`).
    """

    api_version, kind = "v1", "Pod"

    def __init__(
        self,
        api: Api,
        nodes: int = 2,
        *,
        external: int = 0,
        dual_stack: bool = False,
        binds: bool = True,
    ) -> None:
        super().__init__(api)
        numbers = range(1, nodes + 1)
        self.nodes = [Node(n, external=n <= external, dual_stack=dual_stack) for n in numbers]
        self._by_name = {node.name: node for node in self.nodes}
        self._turn = cycle(self.nodes)
        self._pools = {node.name: AddressPool(node.pod_cidrs[0], first=2) for node in self.nodes}
        self._started: set[str] = set()
        self._binds = binds

    def start(self) -> None:
        """Register the nodes, then follow the pods."""
        for node in self.nodes:
            self.api.apply(node.manifest(), manager=_MANAGER)
            # A merge, as apply knows one address a type only.
            change = {"status": node.status()}
            self.api.patch("v1", "Node", node.name, change=change, subresource="status")
        super().start()

    def complete(self, namespace: str, name: str) -> None:
        """Let the containers of a running pod end well, as those of a Job do."""
        self._report(podstatus.finished(self.api.get("v1", "Pod", name, namespace).body))

    def reset(self, present: Sequence[KubeObject]) -> None:
        self._started.clear()
        used = [text(pod, "status", "podIP") for pod in present]
        for pool in self._pools.values():
            pool.reset(used)

    def gone(self, last: KubeObject) -> None:
        self._started.discard(text(last, "metadata", "uid"))
        if node := self._by_name.get(text(last, "spec", "nodeName")):
            self._pools[node.name].free(text(last, "status", "podIP"))

    def react(self, found: KubeObject) -> None:
        node = self._by_name.get(text(found, "spec", "nodeName"))
        pending = text(found, "status", "phase") == "Pending"
        if node and text(found, "metadata", "deletionTimestamp"):
            self._end(found)
        elif node and pending:
            self._run_pod(found, node)
        elif pending and self._binds and not text(found, "spec", "nodeName"):
            self._bind(found)

    def _bind(self, pod: KubeObject) -> None:
        fitting = [node for node in islice(self._turn, len(self.nodes)) if _fits(pod, node)]
        if not fitting or objects(pod, "spec", "schedulingGates"):
            return
        next(self._turn)  # the next pod starts one node further
        target = {"apiVersion": "v1", "kind": "Node", "name": fitting[0].name}
        metadata = {key: text(pod, "metadata", key) for key in ("name", "namespace", "uid")}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
        namespace, name = metadata["namespace"], metadata["name"]
        self.api.request(
            "POST", self.api.path("v1", "Pod", namespace, name, "binding"), body=binding
        )

    def _run_pod(self, pod: KubeObject, node: Node) -> None:
        uid = text(pod, "metadata", "uid")
        if uid in self._started:  # this event is older than the status that was reported
            return
        self._started.add(uid)
        if dig(pod, "spec", "hostNetwork"):
            addresses = node.internal_ips
        else:
            addresses = node.pod_ips(self._pools[node.name].take())
        self._report(podstatus.running(pod, node.internal_ips, addresses))

    def _end(self, pod: KubeObject) -> None:
        """Finish a deletion: the containers end, then the object may go."""
        if text(pod, "status", "phase") not in ("Succeeded", "Failed"):
            self._report(podstatus.finished(pod))
        metadata = {key: text(pod, "metadata", key) for key in ("name", "namespace", "uid")}
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}}
        self.api.delete("v1", "Pod", metadata["name"], metadata["namespace"], options=options)

    def _report(self, status: KubeObject) -> None:
        self.api.apply(status, manager=_MANAGER, subresource="status")


def _fits(pod: KubeObject, node: Node) -> bool:
    """Whether nodeSelector and, in the form that a DaemonSet gives it, node affinity allow it."""
    selector = dig(pod, "spec", "nodeSelector")
    labels = selector.items() if isinstance(selector, dict) else ()
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    terms = objects(pod, "spec", "affinity", "nodeAffinity", required, "nodeSelectorTerms")
    names = [dig(term, "matchFields", 0, "values", 0) for term in terms]
    return all(node.labels.get(key) == value for key, value in labels) and (
        not any(names) or node.name in names
    )
