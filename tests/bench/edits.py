"""Changes of a cluster, each with the one that undoes it. Made from a seed, as the cluster is."""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from random import Random
from typing import NamedTuple

from msgspec.structs import replace

from bench.blocks import block_outside, block_over
from bench.clusters import Cluster
from bench.deck import Deck
from bench.policies import DENY_ALL, EVERY_NAMESPACE, by
from bench.workloads import FRESH_KEYS, pod_suffix
from reachaudit.model.facts import (
    Fact,
    Namespace,
    NetworkPolicy,
    Peer,
    PolicyPort,
    PolicyRule,
    Selector,
)
from reachaudit.model.ip import Address
from reachaudit.model.store import Change

_NEW = "bench-new"
_POSTGRES = PolicyPort("TCP", 5432, 5432)
_REPLACED = 10_000_000  # serial numbers of pods that come later begin here


class Edit(NamedTuple):
    """Changes that belong together, what undoes them, and of which kind they are."""

    kind: str
    changes: tuple[Change, ...]
    undo: tuple[Change, ...]


def creation(facts: Sequence[Fact]) -> list[Change]:
    """The changes by which a cluster comes to be."""
    return [_change(None, fact) for fact in facts]


def edits(cluster: Cluster, seed: int, count: int = 240) -> list[Edit]:
    """Changes of one policy each, of eight kinds in turn."""
    editing = _Editing(cluster, Random(f"{seed} edits"))
    kinds: dict[str, Callable[[], Edit]] = {
        "created": editing.created,
        "deleted": editing.deleted,
        "changed": editing.changed,
        "egress": editing.egress,
        "default-deny removed": editing.default_deny_removed,
        "namespaceSelector: {}": editing.from_every_namespace,
        "ipBlock": editing.from_block,
        "ports": editing.ports,
    }
    return [make()._replace(kind=kind) for kind, make in islice(cycle(kinds.items()), count)]


class _Editing:
    """One method a kind of edit."""

    def __init__(self, cluster: Cluster, random: Random) -> None:
        self._random, self._more = random, cluster.more_policies(random)
        self._any = Deck(cluster.policies, random)
        self._denying = Deck([p for p in cluster.policies if p.name == DENY_ALL], random)
        self._ruled = Deck([p for p in cluster.policies if p.ingress or p.egress], random)

    def created(self) -> Edit:
        return _edit(None, self._more.random(_NEW))

    def deleted(self) -> Edit:
        return _edit(self._any.draw(), None)

    def changed(self) -> Edit:
        policy = self._any.draw()
        return _edit(policy, self._more.like(policy))

    def egress(self) -> Edit:
        """Its pods may now go to the databases of one team, and nowhere else unless allowed."""
        rule = PolicyRule((Peer(namespaces=self._more.team()),), (_POSTGRES,))
        policy = self._any.draw()
        return _edit(policy, replace(policy, egress=(rule,), isolates_egress=True))

    def default_deny_removed(self) -> Edit:
        return _edit(self._denying.draw(), None)

    def from_every_namespace(self) -> Edit:
        return self._from(EVERY_NAMESPACE)

    def from_block(self) -> Edit:
        """Every other block is one that no policy spoke of before."""
        known = self._random.random() < 0.5
        return self._from(self._more.block() if known else block_outside(self._random))

    def ports(self) -> Edit:
        """All its rules are of another port."""
        policy, number = self._ruled.draw(), self._random.randrange(1024, 65536)
        ports = (PolicyPort("TCP", number, number),)
        ingress, egress = (
            tuple(replace(rule, ports=ports) for rule in rules)
            for rules in (policy.ingress, policy.egress)
        )
        return _edit(policy, replace(policy, ingress=ingress, egress=egress))

    def _from(self, peer: Peer) -> Edit:
        """One more rule lets a peer in, on the ports that the first rule names."""
        policy = self._ruled.draw()
        ports = policy.ingress[0].ports if policy.ingress else (_POSTGRES,)
        ingress = (*policy.ingress, PolicyRule((peer,), ports))
        return _edit(policy, replace(policy, ingress=ingress, isolates_ingress=True))


def pods_replaced(cluster: Cluster, seed: int, count: int = 1_000) -> list[Edit]:
    """A pod goes, and one of its workload with another name, node and address comes."""
    random = Random(f"{seed} pods")
    served = [w for w in cluster.workloads if w.kind == "Deployment"]
    found = []
    for number in range(count):
        old, node = random.choice(random.choice(served).pods), random.choice(cluster.nodes.all)
        new = replace(
            old,
            name=f"{old.name.rpartition('-')[0]}-{pod_suffix(_REPLACED + number)}",
            node=node.name,
            addresses=(Address("IPv4", node.pod_blocks[0].last - 1 - number % 64),),
        )
        changes = (_change(old, None), _change(None, new))
        undo = (_change(new, None), _change(None, old))
        found.append(Edit("pod replaced", changes, undo))
    return found


def namespaces_relabelled(cluster: Cluster, seed: int, count: int = 40) -> list[Edit]:
    """A namespace goes over to another team."""
    random = Random(f"{seed} namespaces")
    spaces = [space for space in cluster.namespaces if "team" in dict(space.labels)]
    teams = sorted({dict(space.labels)["team"] for space in spaces})
    found = []
    for _ in range(count):
        old = random.choice(spaces)
        own = dict(old.labels)
        other = random.choice([team for team in teams if team != own["team"]])
        new = Namespace("", old.name, tuple(sorted({**own, "team": other}.items())))
        found.append(_edit(old, new)._replace(kind="namespace relabelled"))
    return found


def fresh_label_keys(cluster: Cluster, seed: int) -> list[Edit]:
    """A policy speaks of a key that no selector used before; once for each key that there is."""
    random = Random(f"{seed} keys")
    found = []
    for key in FRESH_KEYS:
        workload = random.choice([w for w in cluster.workloads if key in dict(w.labels)])
        selector = by(key, dict(workload.labels)[key])
        peer = Peer(pods=selector, namespaces=Selector())
        new = NetworkPolicy(
            workload.namespace, _NEW, subject=selector, ingress=(PolicyRule((peer,), None),)
        )
        found.append(_edit(None, new)._replace(kind="new label key"))
    return found


def fresh_blocks(cluster: Cluster, seed: int, count: int = 10) -> list[Edit]:
    """A policy lets in a block over pods' addresses that no policy spoke of before."""
    random = Random(f"{seed} blocks")
    found = []
    for _ in range(count):
        peer, old = block_over(cluster.nodes.pod_range, random), random.choice(cluster.policies)
        rules = (*old.ingress, PolicyRule((peer,), None))
        new = replace(old, ingress=rules, isolates_ingress=True)
        found.append(_edit(old, new)._replace(kind="new block over pods"))
    return found


def _edit(old: Fact | None, new: Fact | None) -> Edit:
    return Edit("", (_change(old, new),), (_change(new, old),))


def _change(old: Fact | None, new: Fact | None) -> Change:
    fact = new or old
    assert fact is not None
    return Change(fact.ref, old, new, 0.0)
