"""Which assumptions facts give anything to decide: the others change no answer, however chosen.

Who asks what an answer rests on (M-4) puts the question again to states in which one thing is
assumed otherwise. A state costs as much as the first one; of most assumptions none is needed.
"""

from collections.abc import Callable, Iterable, Iterator

from reachaudit.model.facts import Ingress, NetworkPolicy, Node, OpaquePolicy, Pod, Service
from reachaudit.model.store import Facts
from reachaudit.reach.vocabulary import effective_rules
from reachaudit.settings import OPTIONS, Assumptions, assume


def alternatives(facts: Facts, held: Assumptions) -> Iterator[tuple[str, str, Assumptions]]:
    """Assumptions that differ from those held in one thing that matters: `name=value` as it is, as
    it is instead, and all of them so. Of values of a user's own only the words beside are tried.
    """
    for setting in held.described():
        name, _, value = setting.partition("=")
        for word in OPTIONS[name].words if matters(name, facts) else ():
            if word != value:
                instead = f"{name}={word}"
                yield setting, instead, assume(held, instead)


def matters(name: str, facts: Facts) -> bool:
    """Whether some fact gives an assumption anything to decide."""
    return any(_MATTERS[name](facts))


def _blocks(facts: Facts) -> Iterable[bool]:
    rules = (rule for policy in facts.of(NetworkPolicy) for rule in effective_rules(policy))
    return (peer.block is not None for rule in rules for peer in rule.peers or ())


def _policies(facts: Facts) -> Iterable[bool]:
    yield from (True for _ in facts.of(NetworkPolicy))
    yield from (p.kind_name == NetworkPolicy.kind for p in facts.of(OpaquePolicy))


def _hosted(facts: Facts) -> Iterable[bool]:
    return (pod.host_network for pod in facts.of(Pod))


def _sidecars(facts: Facts) -> Iterable[bool]:
    return (port.sidecar for pod in facts.of(Pod) for port in pod.ports)


def _platforms(facts: Facts) -> Iterable[bool]:
    yield from (pod.other_platform for pod in facts.of(Pod))
    yield from (node.other_platform for node in facts.of(Node))


def _services(facts: Facts) -> Iterable[bool]:
    return (True for _ in facts.of(Service))


def _named_balancers(facts: Facts) -> Iterable[bool]:
    yield from (b.address is None for s in facts.of(Service) for b in s.balancers)
    yield from (b.address is None for i in facts.of(Ingress) for b in i.balancers)


def _node_ports(facts: Facts) -> Iterable[bool]:
    yield from (bool(port.node_port) for s in facts.of(Service) for port in s.ports)
    yield from (bool(port.host_port) for pod in facts.of(Pod) for port in pod.ports)
    yield from _hosted(facts)


_MATTERS: dict[str, Callable[[Facts], Iterable[bool]]] = {
    "ip-blocks-match-pods": _blocks,
    "ip-blocks-match-nodes": _blocks,
    "host-network": _hosted,
    "sidecar-port-names": _sidecars,
    "extra-networks": lambda facts: (pod.extra_networks for pod in facts.of(Pod)),
    "other-platforms": _platforms,
    "policies-enforced": _policies,
    "enforcer": _policies,
    "pod-ranges": lambda facts: (not a.placed for pod in facts.of(Pod) for a in pod.addresses),
    "unreported-pods-ready": lambda facts: (not pod.phase for pod in facts.of(Pod)),
    "pod-range-routed": lambda facts: (True for _ in facts.of(Pod)),
    "service-range-routed": _services,
    "external-ips-programmed": lambda facts: (bool(s.external_ips) for s in facts.of(Service)),
    "node-port-addresses": _node_ports,
    "node-port-clients": _node_ports,
    "classed-balancers": lambda facts: (bool(s.balancer_class) for s in facts.of(Service)),
    "named-balancers": _named_balancers,
    "ingress-controllers": lambda facts: (True for _ in facts.of(Ingress)),
    "classless-ingress": lambda facts: (not i.class_name for i in facts.of(Ingress)),
    "unread-annotations": lambda facts: (bool(i.unread_annotations) for i in facts.of(Ingress)),
    "vendor-global": lambda facts: (not policy.namespace for policy in facts.of(OpaquePolicy)),
}
