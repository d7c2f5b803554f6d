"""Terse lines of a cluster block: the words of a node or pod, and the API object they mean."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from cases.apiobject import Json, Object, items, mapping, text

POD_FLAGS = frozenset({"hostNetwork", "unready", "terminating", "unscheduled", "no-address"})
NAME_LABEL = "kubernetes.io/metadata.name"


class WorldError(ValueError):
    """A line or an object that makes no sense."""


@dataclass(frozen=True)
class PodLine:
    """The words of a pod's line; empty where the author left the choice to the format."""

    node: str
    addresses: tuple[str, ...]
    labels: dict[str, str]
    ports: tuple[Json, ...]
    phase: str
    owner: str
    flags: frozenset[str]


def pod_line(words: list[str]) -> PodLine:
    """Read the words that follow a pod's `ns/name`."""
    options = {"ports": "", "phase": "Running", "owner": ""}
    labels: dict[str, str] = {}
    node, addresses, flags = "", tuple[str, ...](), set[str]()
    for word in words:
        key, equals, value = word.partition("=")
        if word.startswith("@"):
            node = word[1:]
        elif word in POD_FLAGS:
            flags.add(word)
        elif key in options and equals:
            options[key] = value
        elif equals:
            labels |= label_pairs([word])
        else:
            addresses = _addresses(word)
    ports = tuple(_container_port(part) for part in options["ports"].split(",") if part)
    phase, owner = options["phase"], options["owner"]
    return PodLine(node, addresses, labels, ports, phase, owner, frozenset(flags))


def pod_object(
    namespace: str, name: str, line: PodLine, host: Object | None, addresses: tuple[str, ...]
) -> Object:
    """Build the Pod; `host` is the Node that it is bound to, if it is bound."""
    meta: Object = {"namespace": namespace, "name": name, "labels": dict[str, Json](line.labels)}
    if "terminating" in line.flags:
        meta |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    spec: Object = {"containers": [{"name": "main", "image": "app:1", "ports": [*line.ports]}]}
    status: Object = {"phase": line.phase}
    if "hostNetwork" in line.flags:
        spec["hostNetwork"] = True
    if host is not None:
        spec["nodeName"] = text(mapping(host.get("metadata")).get("name"))
        own = internal_addresses(host)
        status |= {"hostIP": own[0], "hostIPs": [{"ip": address} for address in own]}
    if addresses:
        status |= {"podIP": addresses[0], "podIPs": [{"ip": address} for address in addresses]}
    ready = line.phase == "Running" and "unready" not in line.flags
    status["conditions"] = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def node_object(name: str, words: list[str], number: int) -> Object:
    """Build the Node of a line; `number` makes the addresses that the line leaves out."""
    internal: tuple[str, ...] = (f"192.168.0.{number}",)
    external: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = (f"10.244.{number}.0/24",)
    labels = {"kubernetes.io/hostname": name}
    for word in words:
        key, equals, value = word.partition("=")
        if key == "podCIDR":
            cidrs = tuple(_cidr(part) for part in value.split(","))
        elif key == "external":
            external = _addresses(value)
        elif equals:
            labels |= label_pairs([word])
        else:
            internal = _addresses(word)
    reported = [("InternalIP", a) for a in internal] + [("ExternalIP", a) for a in external]
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": dict[str, Json](labels)},
        "spec": {"podCIDR": cidrs[0], "podCIDRs": [*cidrs]},
        "status": {
            "addresses": [{"type": t, "address": a} for t, a in [*reported, ("Hostname", name)]],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def namespace_object(name: str, labels: dict[str, str]) -> Object:
    """Build a Namespace as the API server returns it: with its name label."""
    meta: Object = {"name": name, "labels": {**labels, NAME_LABEL: name}}
    return {"kind": "Namespace", "metadata": meta}


def label_pairs(words: list[str]) -> dict[str, str]:
    """Read `key=value` words."""
    pairs = [word.partition("=") for word in words]
    for key, equals, _ in pairs:
        if not key or not equals:
            raise WorldError(f"'{key}' is not understood: labels are key=value")
    return {key: value for key, _, value in pairs}


def internal_addresses(node: Object) -> tuple[str, ...]:
    """Return a Node's InternalIP addresses."""
    reported = [mapping(a) for a in items(mapping(node.get("status")).get("addresses"))]
    return tuple(text(a.get("address")) for a in reported if a.get("type") == "InternalIP")


def _container_port(word: str) -> Json:
    match = re.fullmatch(r"(?:([a-z0-9-]+):)?(\d+)(?:/(TCP|UDP|SCTP))?", word)
    if not match:
        raise WorldError(f"ports={word}: write [name:]number[/PROTOCOL]")
    name, number, protocol = match.groups()
    port: Object = {"containerPort": int(number), "protocol": protocol or "TCP"}
    return {"name": name, **port} if name else port


def _addresses(word: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_address(part)) for part in word.split(","))
    except ValueError as error:
        raise WorldError(f"'{word}' is neither an address, a flag nor key=value") from error


def _cidr(word: str) -> str:
    try:
        return str(ipaddress.ip_network(word))
    except ValueError as error:
        raise WorldError(f"'{word}' is not a CIDR") from error
