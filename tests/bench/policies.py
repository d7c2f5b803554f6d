"""NetworkPolicies as teams write them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from bench.blocks import INTERNET
from bench.deck import Deck
from bench.workloads import DNS, ENVIRONMENTS, INGRESS, TIERS, Workload
from reachaudit.model.facts import (
    Namespace,
    NetworkPolicy,
    Peer,
    PolicyPort,
    PolicyRule,
    Requirement,
    Selector,
)
from reachaudit.model.objects.workloads import NAME_LABEL


def by(key: str, value: str) -> Selector:
    """A selector of one label."""
    return Selector(labels=((key, value),))


EVERYTHING = Selector()
EVERY_NAMESPACE = Peer(namespaces=EVERYTHING)
TO_DNS = PolicyRule(
    (Peer(by("k8s-app", "kube-dns"), by(NAME_LABEL, DNS)),),
    (PolicyPort("UDP", 53, 53), PolicyPort("TCP", 53, 53)),
)
DENY_ALL = "default-deny"
_FROM_INGRESS = Peer(by("app.kubernetes.io/name", "ingress-nginx"), by(NAME_LABEL, INGRESS))
_RANGES = ((8000, 8100), (1024, 65535), (30000, 32767), (9000, 9099))


@dataclass(frozen=True)
class Home:
    """A namespace, and a deck of its workloads that names each of them in its turn."""

    namespace: Namespace
    deck: Deck[Workload]


class Policies:
    """Makes policies for the namespaces of teams."""

    def __init__(
        self,
        spaces: Sequence[Namespace],
        workloads: Sequence[Workload],
        blocks: Sequence[Peer],
        random: Random,
        *,
        clients: int,
    ) -> None:
        """`clients`: how many apps of its own namespace each policy names beside all else."""
        self._random, self._clients = random, clients
        lived: dict[str, list[Workload]] = {}
        for workload in workloads:
            lived.setdefault(workload.namespace, []).append(workload)
        self._spaces = [s for s in spaces if s.name in lived and s.name not in (DNS, INGRESS)]
        self._homes = [Home(s, Deck(lived[s.name], random)) for s in self._spaces]
        self._workloads = [w for w in workloads if w.namespace not in (DNS, INGRESS)]
        self._blocks = Deck(blocks, random)

    def all(self, number: int) -> list[NetworkPolicy]:
        """So many policies over all namespaces: four in five of these have a default-deny."""
        share: dict[str, int] = dict.fromkeys((s.name for s in self._spaces), 0)
        for _ in range(number):
            share[self._random.choice(self._spaces).name] += 1
        return [made for home in self._homes for made in self._of(home, share[home.namespace.name])]

    def random(self, name: str) -> NetworkPolicy:
        """One more policy in a random namespace."""
        return self._policy(self._random.choice(self._homes), name)

    def like(self, policy: NetworkPolicy) -> NetworkPolicy:
        """Another policy of the same name."""
        home = next(h for h in self._homes if h.namespace.name == policy.namespace)
        other = policy
        while other == policy:
            other = self._policy(home, policy.name)
        return other

    def block(self) -> Peer:
        """A peer by address: the internet in a third of all cases."""
        return INTERNET if self._random.random() < 1 / 3 else self._blocks.draw()

    def anywhere(self) -> Peer:
        """Pods by a selector of namespaces, half of the time by one of their own too."""
        pods = self._pods_anywhere() if self._random.random() < 0.5 else None
        return Peer(pods, self._namespaces())

    def team(self) -> Selector:
        """The namespaces of a team."""
        return by("team", dict(self._random.choice(self._spaces).labels)["team"])

    def _of(self, home: Home, number: int) -> Iterator[NetworkPolicy]:
        if number and self._random.random() < 0.8:
            yield self._deny(home.namespace.name)
            number -= 1
        for i in range(number):
            yield self._policy(home, f"allow-{i:03}")

    def _deny(self, namespace: str) -> NetworkPolicy:
        ((ingress, egress),) = self._random.choices(
            ((True, False), (False, True), (True, True)), (55, 10, 35)
        )
        return NetworkPolicy(namespace, DENY_ALL, isolates_ingress=ingress, isolates_egress=egress)

    def _policy(self, home: Home, name: str) -> NetworkPolicy:
        """Two in three are for ingress, a tenth for both directions."""
        chance, workload = self._random.random(), home.deck.draw()
        into, out = chance < 0.67, chance < 0.06 or chance >= 0.67
        return NetworkPolicy(
            home.namespace.name,
            name,
            subject=self._subject(workload),
            ingress=tuple(self._ingress(home, workload)) if into else (),
            egress=tuple(self._egress(home)) if out else (),
            isolates_ingress=into,
            isolates_egress=out,
        )

    def _subject(self, workload: Workload) -> Selector:
        labels, chance = dict(workload.labels), self._random.random()
        if chance < 0.72:
            return by("app", labels["app"])
        if chance < 0.87:
            return by("tier", labels["tier"])
        if chance < 0.94:
            return Selector((("app", labels["app"]), ("version", labels["version"])))
        return EVERYTHING

    def _ingress(self, home: Home, workload: Workload) -> Iterator[PolicyRule]:
        """Rules of who may come to a workload."""
        for _ in range(self._random.choice((1, 1, 1, 2))):
            yield PolicyRule(tuple(self._sources(home)), self._ports(workload))
        if self._clients:
            peers = tuple(Peer(self._app(home)) for _ in range(self._clients))
            yield PolicyRule(peers, self._ports(workload))

    def _sources(self, home: Home) -> Iterator[Peer]:
        chance = self._random.random()
        if chance < 0.45:
            for _ in range(self._random.choice((1, 1, 2, 3))):
                yield Peer(self._pods(home))
        elif chance < 0.62:
            yield Peer(namespaces=self._namespaces())
        elif chance < 0.80:
            yield Peer(self._pods_anywhere(), self._namespaces())
        elif chance < 0.83:
            yield EVERY_NAMESPACE
        elif chance < 0.90:
            yield _FROM_INGRESS
        else:
            yield from self._addresses()

    def _egress(self, home: Home) -> Iterator[PolicyRule]:
        """Rules of where workloads may go: DNS first, as everybody needs it."""
        if self._random.random() < 0.7:
            yield TO_DNS
        chance, target = self._random.random(), self._random.choice(self._workloads)
        if chance < 0.30:
            yield self._to_databases(home)
        elif chance < 0.50:
            yield PolicyRule((Peer(namespaces=self._namespaces()),), self._ports(target))
        elif chance < 0.65:
            peer = Peer(self._pods_anywhere(), self._namespaces())
            yield PolicyRule((peer,), self._ports(target))
        elif chance < 0.80:
            workload = home.deck.draw()
            yield PolicyRule((Peer(self._subject(workload)),), self._ports(workload))
        else:
            https = PolicyPort("TCP", 443, 443)
            yield PolicyRule(tuple(self._addresses()), (https,) if chance < 0.95 else None)

    def _to_databases(self, home: Home) -> PolicyRule:
        number = self._random.choice((5432, 3306, 27017))
        spaces = self.team() if self._random.random() < 0.5 else by(NAME_LABEL, home.namespace.name)
        return PolicyRule((Peer(by("tier", "db"), spaces),), (PolicyPort("TCP", number, number),))

    def _pods(self, home: Home) -> Selector:
        return self._app(home) if self._random.random() < 0.65 else self._tier()

    def _app(self, home: Home) -> Selector:
        return by("app", dict(home.deck.draw().labels)["app"])

    def _tier(self) -> Selector:
        if self._random.random() < 0.8:
            return by("tier", self._random.choice(TIERS))
        values = tuple(sorted(self._random.sample(TIERS, 2)))
        if self._random.random() < 0.7:
            return Selector(expressions=(Requirement("tier", "In", values),))
        return Selector(expressions=(Requirement("tier", "NotIn", values),))

    def _pods_anywhere(self) -> Selector:
        if self._random.random() < 0.5:
            return self._tier()
        return by("app", dict(self._random.choice(self._workloads).labels)["app"])

    def _namespaces(self) -> Selector:
        chance = self._random.random()
        if chance < 0.45:
            return by(NAME_LABEL, self._random.choice(self._spaces).name)
        if chance < 0.75:
            return self.team()
        environment = by("env", self._random.choice(ENVIRONMENTS))
        if chance < 0.85:
            return environment
        return Selector((*environment.labels, *self.team().labels))

    def _addresses(self) -> Iterator[Peer]:
        for _ in range(self._random.choice((1, 1, 2, 4))):
            yield self.block()

    def _ports(self, workload: Workload) -> tuple[PolicyPort, ...] | None:
        """Ports of a workload: mostly by number, some by name or range, some not limited."""
        chance = self._random.random()
        if chance < 0.08 or not workload.ports:
            return None
        if chance < 0.14:
            return (PolicyPort("TCP", *self._random.choice(_RANGES)),)
        port = self._random.choice(workload.ports)
        if chance < 0.34 and port.name:
            return (PolicyPort(port.protocol, 1, 65535, port.name),)
        several = workload.ports if chance > 0.85 else (port,)
        return tuple(PolicyPort(p.protocol, p.number, p.number) for p in several)
