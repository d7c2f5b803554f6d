"""The nodes of the stand-in cluster, and the addresses of their pods."""

from collections.abc import Mapping
from dataclasses import dataclass

from cluster.objects import KubeObject


@dataclass(frozen=True)
class Node:
    """Node number `number` (1 to 200): its addresses follow from its number."""

    number: int
    external: bool = False
    dual_stack: bool = False

    @property
    def name(self) -> str:
        """The Node's name."""
        return f"node-{self.number}"

    @property
    def labels(self) -> Mapping[str, str]:
        """What a kubelet sets."""
        return {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
        }

    @property
    def pod_cidrs(self) -> list[str]:
        """The ranges of its pods, one a family."""
        v4, v6 = f"10.244.{self.number}.0/24", f"fd00:10:244:{self.number}::/64"
        return [v4, v6] if self.dual_stack else [v4]

    @property
    def internal_ips(self) -> list[str]:
        """Its own addresses, one a family."""
        v4, v6 = f"192.168.0.{self.number}", f"fd00:192:168::{self.number}"
        return [v4, v6] if self.dual_stack else [v4]

    def pod_ips(self, address: str) -> list[str]:
        """The addresses of the pod that got this IPv4 address."""
        v6 = f"fd00:10:244:{self.number}::{address.rpartition('.')[2]}"
        return [address, v6] if self.dual_stack else [address]

    def manifest(self) -> KubeObject:
        """The Node as its kubelet registers it."""
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": self.labels},
            "spec": {"podCIDR": self.pod_cidrs[0], "podCIDRs": self.pod_cidrs},
        }

    def status(self) -> KubeObject:
        """What a healthy kubelet reports."""
        addresses = [{"type": "InternalIP", "address": ip} for ip in self.internal_ips]
        addresses.append({"type": "Hostname", "address": self.name})
        if self.external:
            addresses.append({"type": "ExternalIP", "address": f"203.0.113.{self.number}"})
        capacity = {"cpu": "64", "memory": "256Gi", "pods": "250"}
        return {
            "addresses": addresses,
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        }
