"""What the policies in force speak of: pod selectors, port names, and blocks of addresses."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reachaudit.model.facts import NetworkPolicy, Peer, Protocol, Selector
from reachaudit.model.ip import Block

EVERYTHING = Selector()


class PortName(NamedTuple):
    """A named port as policies write it."""

    name: str
    protocol: Protocol


class PeerSelector(NamedTuple):
    """Pods by labels: of the home namespace, or of all namespaces that a selector matches.

    `pods` None is every pod. `namespaces` None is the home namespace (NP-15, NP-16, NP-17).
    """

    home: str
    pods: Selector | None
    namespaces: Selector | None = None


def subject_selector(policy: NetworkPolicy) -> PeerSelector:
    """The pods that a policy isolates (NP-1)."""
    return PeerSelector(policy.namespace, _unless_everything(policy.subject))


def peer_selector(policy: NetworkPolicy, peer: Peer) -> PeerSelector | None:
    """The pods that a peer item names; None where it names none by selector."""
    if peer.pods is None and peer.namespaces is None:
        return None
    pods = _unless_everything(peer.pods) if peer.pods is not None else None
    return PeerSelector("" if peer.namespaces else policy.namespace, pods, peer.namespaces)


def _unless_everything(selector: Selector) -> Selector | None:
    return None if selector == EVERYTHING else selector


def peers(policy: NetworkPolicy) -> Iterator[Peer]:
    """All peer items of a policy's rules that have effect (NP-4)."""
    rules = (
        *(policy.ingress if policy.isolates_ingress else ()),
        *(policy.egress if policy.isolates_egress else ()),
    )
    for rule in rules:
        yield from rule.peers or ()


class Vocabulary:
    """Selectors, port names and blocks in use, each once and in order."""

    def __init__(self, policies: Iterable[NetworkPolicy], blocks: Iterable[Block] = ()) -> None:
        """`blocks`: others that matter beside the policies' own, such as source ranges."""
        homes: dict[Selector, set[str]] = {}
        everywhere: set[Selector] = set()
        names: set[PortName] = set()
        found = set(blocks)
        for policy in policies:
            spoken = [subject_selector(policy)]
            for peer in peers(policy):
                selector = peer_selector(policy, peer)
                spoken += [selector] if selector else []
                found |= {peer.block, *peer.excepts} if peer.block else set()
            for selector in spoken:
                if selector.pods is not None and selector.namespaces is not None:
                    everywhere.add(selector.pods)
                elif selector.pods is not None:
                    homes.setdefault(selector.pods, set()).add(selector.home)
            names |= _port_names(policy)
        self.port_names = sorted(names)
        self.blocks = sorted(found)
        self._everywhere = list(everywhere)
        self._at_home: dict[str, list[Selector]] = {}
        for pods, namespaces in homes.items():
            for namespace in () if pods in everywhere else namespaces:
                self._at_home.setdefault(namespace, []).append(pods)

    def relevant(self, namespace: str) -> list[Selector]:
        """The selectors that can match a pod of a namespace."""
        return self._everywhere + self._at_home.get(namespace, [])


def _port_names(policy: NetworkPolicy) -> set[PortName]:
    return {
        PortName(port.name, port.protocol)
        for rule in (*policy.ingress, *policy.egress)
        for port in rule.ports or ()
        if port.name
    }
