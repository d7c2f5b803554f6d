"""Clusters that manifests describe, and what may be asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reachaudit.model.facts import Node, Pod, Service
from reachaudit.model.ip import parse_address
from reachaudit.model.names import Ref
from reachaudit.reach.frontends import frontends
from reachaudit.reach.ports import position
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome
from reachaudit.settings import Assumptions
from reachaudit.watch.files import read

if TYPE_CHECKING:
    from pathlib import Path

    from reachaudit.model.ip import Family
    from reachaudit.reach.frontends import Frontend, FrontendKind
    from reachaudit.reach.party import Party
    from reachaudit.reach.verdict import PathVerdict
    from reachaudit.watch.snapshot import Snapshot


def reading(folder: Path, *manifests: str) -> Snapshot:
    """What is read of manifests, as one YAML file."""
    file = folder / "manifests.yaml"
    file.write_text("\n---\n".join(manifests))
    return read([str(file)])


class Filed:
    """Manifests, asked pod by pod."""

    def __init__(
        self, folder: Path, *manifests: str, assumptions: Assumptions | None = None
    ) -> None:
        self.snapshot = reading(folder, *manifests)
        assert not self.snapshot.problems
        self.reach = Reachability(self.snapshot.facts, assumptions or Assumptions())

    def to_pod(self, source: str, target: str, port: int) -> str:
        """What becomes of a connection from a pod, node or address to a pod."""
        [party] = self._parties(target)
        return told(self.reach.paths.to_party(self.party(source), party, position("TCP", port)))

    def to_service(
        self, source: str, name: str, kind: FrontendKind = "ClusterIP", family: Family = "IPv4"
    ) -> str:
        """The same to the first port of a Service, where it listens."""
        listening = [f for f in self.frontends(name) if (f.kind, f.family) == (kind, family)]
        client, paths = self.party(source), self.reach.paths
        if kind == "NodePort":
            return told(paths.to_any_node(client, listening[0]))
        return told(paths.to_frontend(client, listening[0]))

    def frontends(self, name: str) -> list[Frontend]:
        """Where a Service listens."""
        service = self.reach.facts.get(Service, Ref("Service", *name.split("/")))
        assert service is not None
        return list(frontends(service))

    def exposed(self, workload: str) -> set[tuple[str, str, str]]:
        """Zone, way in and verdict of each way to a workload."""
        return {
            (each.zone, each.way, told(each.verdict))
            for each in self.reach.exposures
            if str(each.workload) == workload
        }

    def party(self, name: str) -> Party:
        """A pod (`shop/web-0`), a node (`node:n1`) or an address."""
        return self._parties(name)[0]

    def _parties(self, name: str) -> list[Party]:
        identity = self.reach.identity
        if name.startswith("node:"):
            node = self.reach.facts.get(Node, Ref("Node", "", name[5:]))
            assert node is not None
            return identity.node_parties(node, "IPv4")
        if (address := parse_address(name)) is not None:
            return [identity.at(address)]
        pod = self.reach.facts.get(Pod, Ref("Pod", *name.split("/")))
        assert pod is not None
        return identity.pod_parties(pod, "IPv4")


def told(path: PathVerdict) -> str:
    """`ALLOW`, `UNKNOWN no-node`."""
    if path.outcome is Outcome.UNKNOWN and path.reason is not None:
        return f"UNKNOWN {path.reason.value}"
    return path.outcome.value


def deployment(name: str, extra: str = "", ports: str = "", replicas: int = 2) -> str:
    """A Deployment in the namespace shop whose pods are labelled `app: NAME`."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{{extra} containers: [{{name: c, ports: [{ports}]}}]}}
"""


def service(name: str, spec: str) -> str:
    """A Service in shop in front of the pods labelled `app: NAME`, on port 80."""
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80, targetPort: 8080}}], {spec}}}
"""


def policy(app: str, spec: str) -> str:
    """A NetworkPolicy in shop for the pods labelled `app: APP`."""
    return f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {app}, namespace: shop}}
spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, {spec}}}
"""


def node(name: str, address: str = "", pods: str = "") -> str:
    """A Node, as a cluster has it."""
    status = f"{{type: InternalIP, address: {address}}}" if address else ""
    return f"""
apiVersion: v1
kind: Node
metadata: {{name: {name}}}
spec: {{podCIDRs: [{pods}]}}
status: {{addresses: [{status}]}}
"""
