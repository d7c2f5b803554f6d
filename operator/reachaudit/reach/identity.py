"""Who is who: classes of pods, addresses, and what stands at an address.

A *class* is the pods that no policy selector and no named port in use tells apart. It splits only
on what can change a policy verdict: never by node, workload, Service or an unmentioned label.
"""

from collections.abc import Iterable
from typing import NamedTuple

from reachaudit.model.facts import Labels, Namespace, Node, Pod, Selector
from reachaudit.model.ip import Address, Family
from reachaudit.model.names import Ref
from reachaudit.model.objects.workloads import default_namespace_labels
from reachaudit.model.store import Facts
from reachaudit.reach.addresses import Signatures
from reachaudit.reach.labels import keys, matches, matches_partly_known
from reachaudit.reach.party import Party
from reachaudit.reach.ports import named
from reachaudit.reach.verdict import Value
from reachaudit.reach.vocabulary import PeerSelector, PortName, Vocabulary
from reachaudit.reach.workloads import workload_of


class PodClass(NamedTuple):
    """The pods of a namespace that match the same selectors and resolve names to the same ports."""

    namespace: str
    matched: frozenset[Selector]
    ports: tuple[tuple[PortName, int], ...]

    def port(self, name: PortName) -> int | None:
        """The number that a name has on these pods (NP-39)."""
        return next((number for known, number in self.ports if known == name), None)


class Identity:
    """Classes by number, and the parties that stand at addresses."""

    def __init__(
        self, facts: Facts, vocabulary: Vocabulary, signatures: Signatures, host_network: str
    ) -> None:
        self.signatures = signatures
        self.nodes = {node.name: node for node in facts.of(Node)}
        self.pods = [pod for pod in facts.of(Pod) if pod.live]  # NP-49
        self._live = {pod.ref: pod for pod in self.pods}
        self.workloads = {pod.ref: workload_of(pod, facts) for pod in self.pods}
        self.classes: list[PodClass] = []
        self._number: dict[Ref, int] = {}
        self._numbers_in: dict[str, list[int]] = {}
        self._selected: dict[PeerSelector, tuple[int, int]] = {}
        self._namespaces = {ns.name: dict(ns.labels) for ns in facts.of(Namespace)}
        selectable = [p for p in self.pods if not p.host_network or host_network == "applied"]
        self._classify(selectable, vocabulary)
        self._at = self._places()

    def endpoint(self, address: Address, named: Ref | None) -> Party:
        """Who an endpoint is: the pod that a slice names, if it is there; else who is there.

        Whoever writes a slice may name any pod, so the address decides (SVC-8).
        """
        pod = self._live.get(named) if named else None
        if pod is not None and address in pod.addresses:
            return self._pod_party(pod, address)
        return self.at(address)

    def number(self, pod: Pod) -> int | None:
        """A pod's class; None where no policy can select it (NP-47, NP-49)."""
        return self._number.get(pod.ref)

    def at(self, address: Address) -> Party:
        """Who stands there: a live pod first, then a node, else somebody outside (EXT-3)."""
        return self._at.get(address) or Party(address, self.signatures.of(address))

    def pod_parties(self, pod: Pod, family: Family) -> list[Party]:
        """A live pod at its address of a family: one party or none."""
        return [self._pod_party(pod, a) for a in pod.addresses if a.family == family]

    def node_parties(self, node: Node, family: Family) -> list[Party]:
        """A node at each of its addresses of a family."""
        return [self._node_party(node, a) for a in node.addresses if a.family == family]

    def selected(self, selector: PeerSelector) -> tuple[int, int]:
        """The set of classes that a selector surely matches, and that of those it may match."""
        found = self._selected.get(selector)
        if found is None:
            found = self._selected[selector] = self._select(selector)
        return found

    def _select(self, selector: PeerSelector) -> tuple[int, int]:
        homes = [selector.home] if selector.namespaces is None else list(self._numbers_in)  # NP-15
        must = may = 0
        for namespace in homes:
            value = self._namespace_matches(selector.namespaces, namespace)
            if value is Value.DENY:
                continue
            for number in self._numbers_in.get(namespace, ()):
                if selector.pods is None or selector.pods in self.classes[number].matched:
                    must |= (value is Value.ALLOW) << number
                    may |= 1 << number
        return must, may

    def _namespace_matches(self, selector: Selector | None, namespace: str) -> Value:
        """By the Namespace object's labels; of a missing one only the name is known (NP-20)."""
        if selector is None:
            return Value.ALLOW
        labels = self._namespaces.get(namespace)
        if labels is None:
            return matches_partly_known(selector, dict(default_namespace_labels(namespace)))
        return Value.ALLOW if matches(selector, labels) else Value.DENY

    def _classify(self, pods: Iterable[Pod], vocabulary: Vocabulary) -> None:
        matched = _Matched(vocabulary)
        numbers: dict[PodClass, int] = {}
        for pod in pods:
            ports = tuple(
                (name, number)
                for name in vocabulary.port_names
                if (number := named(pod.ports, name.name, name.protocol)) is not None
            )
            pod_class = PodClass(pod.namespace, matched.by(pod), ports)
            number = numbers.setdefault(pod_class, len(self.classes))
            if number == len(self.classes):
                self.classes.append(pod_class)
                self._numbers_in.setdefault(pod.namespace, []).append(number)
            self._number[pod.ref] = number

    def _places(self) -> dict[Address, Party]:
        """Everyone's place; pods win over nodes, but a hostNetwork pod does not hide its node."""
        places = {a: self._node_party(n, a) for n in self.nodes.values() for a in n.addresses}
        for pod in self.pods:
            for address in filter(_placed, pod.addresses):
                if not pod.host_network or address not in places or self.number(pod) is not None:
                    places[address] = self._pod_party(pod, address)
        return places

    def _pod_party(self, pod: Pod, address: Address) -> Party:
        return Party(address, self.signatures.of(address), self.number(pod), pod.node, pod)

    def _node_party(self, node: Node, address: Address) -> Party:
        return Party(address, self.signatures.of(address), node=node.name, root=True)


def _placed(address: Address) -> bool:
    return address.placed


class _Matched:
    """The selectors that match a pod, worked out once for each distinct set of mentioned labels."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._mentioned: dict[str, set[str]] = {}
        self._known: dict[tuple[str, Labels], frozenset[Selector]] = {}

    def by(self, pod: Pod) -> frozenset[Selector]:
        relevant = self._vocabulary.relevant(pod.namespace)
        mentioned = self._mentioned.get(pod.namespace)
        if mentioned is None:
            mentioned = self._mentioned[pod.namespace] = set().union(*map(keys, relevant))
        labels = tuple(pair for pair in pod.labels if pair[0] in mentioned)
        found = self._known.get((pod.namespace, labels))
        if found is None:
            lookup = dict(labels)
            found = frozenset(s for s in relevant if matches(s, lookup))
            self._known[pod.namespace, labels] = found
        return found
