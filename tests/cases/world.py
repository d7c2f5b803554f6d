"""The world of a case: terse lines and API objects become what an API server would hold."""

from __future__ import annotations

import copy
import ipaddress
import re
from typing import TYPE_CHECKING

from cases.apiobject import (
    API_VERSIONS,
    CLUSTER_SCOPED,
    Json,
    Key,
    Object,
    items,
    key_of,
    mapping,
    text,
)
from cases.terse import (
    WorldError,
    internal_addresses,
    label_pairs,
    namespace_object,
    node_object,
    pod_line,
    pod_object,
)

if TYPE_CHECKING:
    from cases.terse import PodLine

# The API server shows these owners only through the object in between.
OWNED_THROUGH = {"Deployment": "ReplicaSet", "CronJob": "Job"}
FIRST_POD_ADDRESS = 10


class World:
    """Objects by kind, namespace and name; changed line by line while a case is read."""

    def __init__(self) -> None:
        self._objects: dict[Key, Object] = {}
        self._absent: set[str] = set()  # namespaces whose object is missing (NP-20)

    def __contains__(self, key: Key) -> bool:
        return key in self._objects

    def copy(self) -> World:
        """Copy the world, so that one of the two may change."""
        return copy.deepcopy(self)

    def of_kind(self, kind: str) -> list[Object]:
        """Return the objects of a kind, in the order in which they came."""
        return [obj for key, obj in self._objects.items() if key.kind == kind]

    def objects(self) -> tuple[Object, ...]:
        """Return a copy of every object; a namespace in use exists unless a line took it away."""
        full = self.copy()
        for namespace in {key.namespace: None for key in self._objects if key.namespace}:
            if Key("Namespace", "", namespace) not in full and namespace not in self._absent:
                full.add_object(namespace_object(namespace, {}))
        return tuple(full._objects.values())

    def add_object(self, obj: Object) -> None:
        """Add or replace an API object, as written; a bare kind gets its apiVersion."""
        key = key_of(obj)
        if not key.kind or not key.name:
            raise WorldError("an object needs a kind and a metadata.name")
        if bool(key.namespace) == (key.kind in CLUSTER_SCOPED):
            wanted = "has no" if key.namespace else "needs a"
            raise WorldError(f"{key.kind} {key.name}: this kind {wanted} metadata.namespace")
        if "apiVersion" not in obj:
            if key.kind not in API_VERSIONS:
                raise WorldError(f"{key}: write the apiVersion, the kind is not a usual one")
            obj = {"apiVersion": API_VERSIONS[key.kind], **obj}
        if key.kind == "Namespace":
            self._absent.discard(key.name)
        self._objects[key] = obj

    def add_line(self, line: str) -> None:
        """Add what one terse line says: a node, a namespace, its absence, or a pod."""
        first, *words = line.split() or [""]
        if first in ("node", "ns", "no-ns") and not words:
            raise WorldError(f"'{first}' needs a name")
        if first == "node":
            number = len(self.of_kind("Node")) + 1
            self.add_object(node_object(words[0], words[1:], number))
        elif first == "ns":
            self.add_object(namespace_object(words[0], label_pairs(words[1:])))
        elif first == "no-ns":
            self._objects.pop(Key("Namespace", "", words[0]), None)
            self._absent.add(words[0])
        elif re.fullmatch(r"[^/=]+/[^/=]+", first):
            namespace, name = first.split("/")
            self._add_pod(namespace, name, pod_line(words))
        else:
            raise WorldError(f"'{first}': a line begins with node, ns, no-ns or a pod's ns/name")

    def delete(self, kind: str, name: str) -> None:
        """Take an object away; a Namespace taken away stays missing, though pods use it."""
        key = named(kind, name)
        if self._objects.pop(key, None) is None:
            raise WorldError(f"there is no {key} to delete")
        if kind == "Namespace":
            self._absent.add(name)

    def relabel(self, line: str) -> None:
        """Set (`key=value`) and drop (`key-`) labels of a pod, of `ns NAME` or of `node NAME`."""
        first, *words = line.split()
        if first in ("ns", "node") and words:
            key = named("Namespace" if first == "ns" else "Node", words.pop(0))
        else:
            key = named("Pod", first)
        if key not in self._objects:
            raise WorldError(f"there is no {key} to relabel")
        if not words:
            raise WorldError(f"{key}: say which labels change: key=value or key-")
        labels = mapping(mapping(self._objects[key].get("metadata")).setdefault("labels", {}))
        for word in words:
            if "=" in word:
                labels.update(label_pairs([word]))
            elif not word.endswith("-") or labels.pop(word[:-1], None) is None:
                raise WorldError(f"'{word}': {key} has no such label to drop")

    def _add_pod(self, namespace: str, name: str, line: PodLine) -> None:
        host = None if "unscheduled" in line.flags else self._node(line.node)
        addresses = line.addresses
        if not addresses and host is not None and "no-address" not in line.flags:
            hosted = "hostNetwork" in line.flags
            addresses = internal_addresses(host) if hosted else self._free_addresses(host)
        pod = pod_object(namespace, name, line, host, addresses)
        if line.owner:
            owner = self._owner(namespace, line.owner)
            mapping(pod.get("metadata"))["ownerReferences"] = [owner]
        self.add_object(pod)

    def _owner(self, namespace: str, owner: str) -> Json:
        kind, _, name = owner.partition("/")
        if kind not in API_VERSIONS or not name:
            raise WorldError(f"owner={owner}: write owner=Kind/name")
        reference: Object = {"apiVersion": API_VERSIONS[kind], "kind": kind, "name": name}
        reference["controller"] = True
        if kind not in OWNED_THROUGH:
            return reference
        between, made = OWNED_THROUGH[kind], f"{name}-1"
        meta: Object = {"namespace": namespace, "name": made, "ownerReferences": [reference]}
        self.add_object({"kind": between, "metadata": meta})
        return {**reference, "apiVersion": API_VERSIONS[between], "kind": between, "name": made}

    def _node(self, name: str) -> Object:
        if not self.of_kind("Node"):
            self.add_object(node_object("n1", [], 1))
        nodes = {key_of(node).name: node for node in self.of_kind("Node")}
        if name and name not in nodes:
            raise WorldError(f"@{name}: there is no such node")
        return nodes[name or next(iter(nodes))]

    def _free_addresses(self, node: Object) -> tuple[str, ...]:
        """Give the next address of each of the node's pod ranges."""
        taken = {address for pod in self.of_kind("Pod") for address in _pod_addresses(pod)}
        cidrs = items(mapping(node.get("spec")).get("podCIDRs"))
        ranges = [ipaddress.ip_network(text(cidr)) for cidr in cidrs]
        number = FIRST_POD_ADDRESS
        while any(str(cidr[number]) in taken for cidr in ranges):
            number += 1
        return tuple(str(cidr[number]) for cidr in ranges)


def named(kind: str, name: str) -> Key:
    """Read `ns/name`, or the bare name of a cluster-scoped kind."""
    namespace, _, rest = name.rpartition("/")
    if not rest or bool(namespace) == (kind in CLUSTER_SCOPED):
        raise WorldError(f"{kind} {name}: write {'name' if namespace else 'namespace/name'}")
    return Key(kind, namespace, rest)


def line_order(line: str) -> int:
    """Order a block: nodes, namespaces, pods with an address, pods that are given a free one."""
    first, *words = line.split()
    if first in ("node", "ns", "no-ns"):
        return 0 if first == "node" else 1
    return 2 if any(re.fullmatch(r"[0-9a-f:]+[.:][0-9a-f.:,]*", word) for word in words) else 3


def _pod_addresses(pod: Object) -> list[str]:
    held = items(mapping(pod.get("status")).get("podIPs"))
    return [text(mapping(address).get("ip")) for address in held]
