"""Which assumptions an answer rests on: those without which it would be another (M-4).

Nothing is carried along for it: the question is put again to states that differ in one assumption
alone. What no fact gives an assumption to decide is not tried.
"""

from collections.abc import Callable, Iterable, Iterator

from reachaudit.model.facts import Ingress, NetworkPolicy, Node, OpaquePolicy, Pod, Service
from reachaudit.model.store import Facts
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import PathVerdict
from reachaudit.reach.vocabulary import effective_rules
from reachaudit.settings import OPTIONS, assume

Question = Callable[[Reachability], PathVerdict]


class Alternatives:
    """The states that would be if one thing were assumed otherwise.

    Each is built when it is first asked, which takes as long and as much memory as the state itself
    does, and then answers any number of questions. To be made anew when the state has changed.
    """

    def __init__(self, reach: Reachability) -> None:
        self._reach = reach
        self._states: dict[str, Reachability] = {}

    def rests_on(self, question: Question) -> tuple[str, ...]:
        """`name=value` of each assumption in force that, chosen otherwise, changes the answer.

        The answer is the verdict's outcome, and the reason of an UNKNOWN. Of assumptions that take
        values of a user's own only their words are tried: nobody lists all ranges.
        """
        answer = _answer(question(self._reach))
        return tuple(
            setting
            for setting in self._reach.assumptions.described()
            if any(_answer(question(other)) != answer for other in self._without(setting))
        )

    def _without(self, setting: str) -> Iterator[Reachability]:
        name, _, value = setting.partition("=")
        if not matters(name, self._reach.facts):
            return
        for word in OPTIONS[name].words:
            if word != value:
                yield self._state(f"{name}={word}")

    def _state(self, setting: str) -> Reachability:
        if setting not in self._states:
            assumptions = assume(self._reach.assumptions, setting)
            self._states[setting] = Reachability(self._reach.facts, assumptions)
        return self._states[setting]


def _answer(verdict: PathVerdict) -> tuple[object, object]:
    return verdict.outcome, verdict.reason


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
