"""The naive oracle: SEMANTICS A and D, judged pair by pair on plain API objects.

It is slow and obvious on purpose, and shares nothing with the engine that is held against it: its
sources are the field comments of networking.k8s.io/v1, the API's defaulting and its validation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cases.apiobject import Json, Object, items, key_of, labels_of, mapping, text
from engine.ends import Ends, is_private, parse_cidr
from engine.selectors import all_of, any_of, matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.ends import Address, End, Network
    from engine.selectors import Answer

PROTOCOLS = ("TCP", "UDP", "SCTP")
NAME_LABEL = "kubernetes.io/metadata.name"
ASSUMPTIONS = {  # the first value is the default
    "host-network": ("ignored", "applied"),  # NP-47, NP-48
    "ip-blocks-match-pods": ("true", "false"),  # NP-30
    "ip-blocks-match-nodes": ("true", "false"),  # NP-30
    "pod-range-routed": ("false", "private", "true"),  # EXT-12
    "sidecar-port-names": ("matched", "ignored"),  # NP-40
    "extra-networks": ("unknown", "ignored"),  # NP-51
    "other-platforms": ("unknown", "ignored"),  # UNK-13
    "policies-enforced": ("true", "false"),  # UNK-1
    "enforcer": ("unknown", "kube-router", "kube-network-policies"),
}
NOT_ROOT: dict[str, Answer] = {  # J: what enforcers deny to a process of the own node
    "unknown": "UNKNOWN",
    "kube-router": "ALLOW",
    "kube-network-policies": "DENY",
}


@dataclass(frozen=True)
class Verdict:
    """What each side says; without a path nobody is asked (M-3)."""

    ingress: Answer
    egress: Answer
    path: bool = True

    @property
    def cell(self) -> str:
        """Write the verdict as a truth table does; a denial outweighs the unknown (M-2)."""
        shut = (self.ingress == "DENY", self.egress == "DENY")
        if not self.path:
            return "-"
        if any(shut):
            return {(True, False): "i", (False, True): "e", (True, True): "x"}[shut]
        return "?" if "UNKNOWN" in (self.ingress, self.egress) else "."


ALLOW_BOTH = Verdict("ALLOW", "ALLOW")
NO_PATH = Verdict("ALLOW", "ALLOW", path=False)


@dataclass(frozen=True)
class Flow:
    """A new connection; replies ride on it and are never asked about (NP-11)."""

    source: End
    destination: End
    port: int | None
    protocol: str

    def peer(self, direction: str) -> tuple[End, tuple[Address, ...]]:
        """Return the other end, and each address it may show to the subject's policies (EXT-10)."""
        if direction == "Egress":
            return self.destination, self.destination.addresses[:1]  # the one that is dialled
        return self.source, self.source.addresses


class Oracle:
    """Answers for one cluster, with no index: it looks at every policy for every flow."""

    def __init__(self, objects: Sequence[Object], assumptions: Mapping[str, str]) -> None:
        for name, value in assumptions.items():
            if value not in ASSUMPTIONS.get(name, (value,)):
                raise ValueError(f"{name}={value}: known are {', '.join(ASSUMPTIONS[name])}")
        self._assumed = {name: values[0] for name, values in ASSUMPTIONS.items()} | {**assumptions}
        applied = self._assumed["host-network"] == "applied"
        self._ends = Ends(objects, host_pods_are_pods=applied)
        namespaces = [obj for obj in objects if obj.get("kind") == "Namespace"]
        self._namespaces = {key_of(namespace).name: namespace for namespace in namespaces}
        declared = [obj for obj in objects if obj.get("kind") == "NetworkPolicy"]
        self._policies = declared if self._is("policies-enforced") else []

    def verdict(
        self, source: str, destination: str, port: int | None, protocol: str, family: str
    ) -> Verdict:
        """Judge a connection; it is a directed question (NP-12)."""
        src, dst = self._ends.find(source, family), self._ends.find(destination, family)
        if src is None or dst is None:
            return NO_PATH  # NP-49, NP-50
        if src.kind == "outside" and dst.kind == "outside":
            raise ValueError(f"{source} → {destination}: neither end lies in the cluster")
        if src.kind == "outside" and dst.on_pod_network and not self._routed(src):
            return NO_PATH  # EXT-12
        if src.pod and src.name == dst.name:
            return ALLOW_BOTH  # NP-45
        flow = Flow(src, dst, port, protocol)
        return Verdict(self._side("Ingress", dst, flow), self._side("Egress", src, flow))  # NP-10

    def representatives(self, name: str) -> list[str]:
        """Return the name; for a CIDR, its addresses beside every boundary within it (M-8)."""
        whole = parse_cidr(name)
        if whole is None:
            return [name]
        first, last = int(whole[0]), int(whole[-1])
        cuts = {first, last}
        for net in self._ends.networks() + [n for p in self._policies for n in _networks(p)]:
            if net.version == whole.version:
                cuts |= {int(net[0]) - 1, int(net[0]), int(net[-1]), int(net[-1]) + 1}
        return [str(whole[cut - first]) for cut in sorted(cuts) if first <= cut <= last]

    def _is(self, assumption: str) -> bool:
        return self._assumed[assumption] == "true"

    def _routed(self, client: End) -> bool:
        routed = self._assumed["pod-range-routed"]
        return routed == "true" or (routed == "private" and is_private(client.addresses[0]))

    def _side(self, direction: str, subject: End, flow: Flow) -> Answer:
        if subject.kind != "pod":
            return "ALLOW"  # NP-47, NP-61, EXT-11
        policies = [p for p in self._policies if _selects(p, subject) and _lists(p, direction)]
        if not policies:
            return "ALLOW"  # NP-5, NP-6
        peer, addresses = flow.peer(direction)
        from_own_node = direction == "Ingress" and peer.node == subject.node
        if from_own_node and peer.kind == "node":
            return "ALLOW"  # NP-44: only into the pod; packets show egress denied (J)
        answers = {self._judge(policies, direction, flow, address) for address in addresses}
        answer: Answer = answers.pop() if len(answers) == 1 else "UNKNOWN"  # EXT-10
        if answer == "DENY" and any(self._assumed[doubt] == "unknown" for doubt in subject.doubts):
            return "UNKNOWN"  # NP-51, UNK-13
        if from_own_node and peer.kind == "host-pod" and answer == "DENY":
            return NOT_ROOT[self._assumed["enforcer"]]  # NP-44: it may be no root process
        return answer

    def _judge(
        self, policies: list[Object], direction: str, flow: Flow, address: Address
    ) -> Answer:
        if flow.protocol not in PROTOCOLS:
            return "UNKNOWN"  # NP-43
        return any_of(  # NP-9: the union of all rules of all policies; NP-7: of none, nothing
            self._rule(policy, mapping(rule), direction, flow, address)
            for policy in policies
            for rule in items(mapping(policy.get("spec")).get(direction.lower()))
        )

    def _rule(
        self, policy: Object, rule: Object, direction: str, flow: Flow, address: Address
    ) -> Answer:
        peer, _ = flow.peer(direction)
        peers = items(rule.get("from" if direction == "Ingress" else "to"))
        ports = items(rule.get("ports"))
        sidecars = self._assumed["sidecar-port-names"] == "matched"
        fits = (_port_matches(mapping(port), flow, sidecars=sidecars) for port in ports)
        if ports and not any(fits):  # NP-34
            return "DENY"  # NP-14
        if not peers:
            return "ALLOW"  # NP-13
        return any_of(self._peer(policy, mapping(item), peer, address) for item in peers)

    def _peer(self, policy: Object, item: Object, peer: End, address: Address) -> Answer:
        pods, namespaces = item.get("podSelector"), item.get("namespaceSelector")
        block = item.get("ipBlock")
        if block is not None:
            both = pods is not None or namespaces is not None
            return "DENY" if both else self._block(mapping(block), peer, address)  # NP-26
        if pods is None and namespaces is None:
            return "DENY"  # NP-25
        if peer.kind != "pod":
            return "DENY"  # NP-19, NP-48
        answers: list[Answer] = []  # NP-17
        if pods is not None:  # NP-18: {} is there, and matches everything
            answers.append(matches(mapping(pods), labels_of(peer.pod), complete=True))
        if namespaces is not None:
            answers.append(self._in_namespace(mapping(namespaces), key_of(peer.pod).namespace))
        elif key_of(peer.pod).namespace != key_of(policy).namespace:
            answers.append("DENY")  # NP-15
        return all_of(answers)

    def _in_namespace(self, selector: Object, name: str) -> Answer:
        namespace = self._namespaces.get(name)
        labels = labels_of(namespace or {}) | {NAME_LABEL: name}  # NP-21
        return matches(selector, labels, complete=namespace is not None)  # NP-16, NP-20

    def _block(self, block: Object, peer: End, address: Address) -> Answer:
        written, holes = text(block.get("cidr")), list(map(text, items(block.get("except"))))
        cidr = parse_cidr(written)
        if cidr is None or not all(_strictly_inside(hole, written) for hole in holes):
            return "DENY"  # NP-29, NP-33, NP-58
        if address not in cidr or any(address in net for h in holes if (net := parse_cidr(h))):
            return "DENY"  # NP-27, NP-28
        if peer.kind == "pod" and not self._is("ip-blocks-match-pods"):
            return "UNKNOWN"  # NP-30
        if peer.kind in ("node", "host-pod") and not self._is("ip-blocks-match-nodes"):
            return "UNKNOWN"  # NP-30
        return "ALLOW"


def _lists(policy: Object, direction: str) -> bool:
    spec = mapping(policy.get("spec"))
    types = items(spec.get("policyTypes"))
    if types:
        return direction in types  # NP-4
    return direction == "Ingress" or len(items(spec.get("egress"))) > 0  # NP-3


def _selects(policy: Object, subject: End) -> bool:
    if key_of(policy).namespace != key_of(subject.pod).namespace:
        return False  # NP-1
    selector = mapping(mapping(policy.get("spec")).get("podSelector"))
    return matches(selector, labels_of(subject.pod), complete=True) == "ALLOW"


def _port_matches(entry: Object, flow: Flow, *, sidecars: bool) -> bool:
    wanted, last, declared = entry.get("port"), entry.get("endPort"), entry.get("protocol")
    if flow.protocol != ("TCP" if declared is None else declared):
        return False  # NP-35, NP-42
    if wanted is None:
        return last is None  # NP-36, NP-38
    if isinstance(wanted, str):
        named = re.fullmatch(r"(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?", wanted)
        number = _named_port(wanted, flow, sidecars=sidecars)
        return bool(named) and last is None and flow.port == number  # NP-58
    last = wanted if last is None else last
    if not isinstance(wanted, int) or not isinstance(last, int) or flow.port is None:
        return False
    return 1 <= wanted <= last <= 65535 and wanted <= flow.port <= last  # NP-37, NP-38, NP-58


def _named_port(name: str, flow: Flow, *, sidecars: bool) -> Json:
    """Resolve a name on the destination pod (NP-39); nothing else has names (NP-41)."""
    if flow.destination.kind != "pod":
        return None
    spec = mapping(flow.destination.pod.get("spec"))
    starters = [mapping(container) for container in items(spec.get("initContainers"))]
    lasting = [c for c in starters if c.get("restartPolicy") == "Always" and sidecars]
    for container in [*map(mapping, items(spec.get("containers"))), *lasting]:  # NP-40
        for port in map(mapping, items(container.get("ports"))):
            if port.get("name") == name and (port.get("protocol") or "TCP") == flow.protocol:
                return port.get("containerPort")
    return None


def _strictly_inside(inner: str, outer: str) -> bool:
    """Compare lengths as written, like the API: an IPv4-mapped block has no IPv4 block inside."""
    inside, around = parse_cidr(inner), parse_cidr(outer)
    if inside is None or around is None or inside.network_address not in around:
        return False
    return int(inner.rpartition("/")[2]) > int(outer.rpartition("/")[2])


def _networks(policy: Object) -> list[Network]:
    spec = mapping(policy.get("spec"))
    rules = [mapping(rule) for field in ("ingress", "egress") for rule in items(spec.get(field))]
    peers = [mapping(peer) for rule in rules for peer in items(rule.get("from") or rule.get("to"))]
    blocks = [mapping(peer.get("ipBlock")) for peer in peers]
    written = [
        cidr for block in blocks for cidr in [block.get("cidr"), *items(block.get("except"))]
    ]
    return [network for cidr in written if (network := parse_cidr(text(cidr)))]
