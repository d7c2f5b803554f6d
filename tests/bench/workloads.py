"""Namespaces and workloads with their pods, as teams lay them out."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from bench.nodes import Nodes
from bench.shapes import Shape
from reachaudit.model.facts import (
    ContainerPort,
    Controller,
    Labels,
    Namespace,
    Owner,
    Pod,
)
from reachaudit.model.objects.workloads import NAME_LABEL

DNS, INGRESS = "kube-system", "ingress-nginx"
ENVIRONMENTS = ("prod", "staging", "dev", "test")
FRESH_KEYS = ("part-of", "managed-by", "release", "owner", "cost-center", "criticality")
"""Keys of labels that pods have and no selector of a generated policy speaks of."""

_NAMESPACES_A_TEAM = 25
_SUBJECTS = ("account", "billing", "catalog", "delivery", "inventory", "order", "payment", "review")
_ROLES = ("admin", "events", "export", "import", "index", "query", "report", "store")
_APPS = tuple(f"{subject}-{role}" for subject in _SUBJECTS for role in _ROLES)
_WEB = (80, 3000, 8000, 8080, 8443)
_DATABASES = (("postgres", 5432), ("mysql", 3306), ("mongo", 27017))
TIERS = ("web", "api", "worker", "cache", "queue", "db")
_WEIGHTS = (20, 40, 15, 8, 5, 12)
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True)
class Workload:
    """A workload and its pods. `labels` are those of the template; `app` is its name."""

    namespace: str
    name: str
    kind: str
    labels: Labels
    ports: tuple[ContainerPort, ...]
    pods: tuple[Pod, ...]
    controller: Controller | None

    @property
    def tier(self) -> str:
        """What it is for."""
        return dict(self.labels).get("tier", "")


@dataclass(frozen=True)
class _Plan:
    """A workload before it has pods."""

    namespace: str
    name: str
    kind: str
    labels: dict[str, str]
    ports: tuple[ContainerPort, ...]
    host_network: bool = False


def teams(shape: Shape) -> list[str]:
    """The teams' names."""
    return [f"team-{number:02}" for number in range(max(4, shape.namespaces // _NAMESPACES_A_TEAM))]


def namespaces(shape: Shape, random: Random) -> list[Namespace]:
    """The cluster's own two, then the teams'."""
    own = [_namespace(name, {}) for name in (DNS, INGRESS)]
    for number in range(shape.namespaces - len(own)):
        team, env = random.choice(teams(shape)), random.choice(ENVIRONMENTS)
        own.append(_namespace(f"{team}-{env}-{number:03}", {"team": team, "env": env}))
    return own


def _namespace(name: str, labels: dict[str, str]) -> Namespace:
    return Namespace("", name, _labels({**labels, NAME_LABEL: name}))


def workloads(
    shape: Shape, spaces: list[Namespace], nodes: Nodes, random: Random
) -> list[Workload]:
    """All workloads: DNS, the ingress controller, then the teams'."""
    plans = [_DNS_PLAN, _INGRESS_PLAN]
    taken: dict[str, Iterator[str]] = {}
    for _ in range(shape.workloads - len(plans)):
        space = random.choice(spaces[2:])
        names = taken.setdefault(space.name, _names(random))
        plans.append(_plan(space, next(names), random, single=shape.single))
    growing = _Growing(nodes, random)
    each, more = divmod(shape.pods, shape.workloads)
    return [growing.workload(plan, each + (i < more)) for i, plan in enumerate(plans)]


def _names(random: Random) -> Iterator[str]:
    """Names of apps: the same are met in many namespaces, each once in one."""
    yield from random.sample(_APPS, len(_APPS))
    for number in count(2):
        yield from (f"{app}-{number}" for app in _APPS)


def _plan(space: Namespace, name: str, random: Random, *, single: bool) -> _Plan:
    (tier,) = random.choices(TIERS, _WEIGHTS)
    team = dict(space.labels)["team"]
    product = f"{team}-product-{random.randrange(4)}"
    labels = {
        "app": name,
        "tier": tier,
        "version": f"v{random.randint(1, 4)}",
        "part-of": product,
        "managed-by": random.choice(("helm", "argocd", "flux")),
        "release": f"{product}-{random.choice(('blue', 'green'))}",
        "owner": f"{team}-{random.randrange(3)}",
        "cost-center": f"cc-{random.randrange(40)}",
        "criticality": random.choice(("high", "medium", "low")),
    }
    stateful = tier == "db" and random.random() < 0.3
    hosted = tier == "worker" and random.random() < 0.05 and not single
    kind = "StatefulSet" if stateful else "DaemonSet" if hosted else "Deployment"
    return _Plan(space.name, name, kind, labels, () if hosted else _ports(tier, random), hosted)


def _ports(tier: str, random: Random) -> tuple[ContainerPort, ...]:
    """What its containers declare; three workloads in four name their ports."""
    http = ("http", random.choice(_WEB))
    declared = {
        "web": (http, ("metrics", 9090)),
        "api": (http, ("grpc", 9000), ("metrics", 9090)),
        "worker": (("metrics", 9090),),
        "cache": (("redis", 6379),),
        "queue": (("amqp", 5672), ("management", 15672)),
        "db": (random.choice(_DATABASES),),
    }[tier]
    name_them = random.random() < 0.75
    return tuple(ContainerPort(name if name_them else "", n, "TCP") for name, n in declared)


_DNS_PLAN = _Plan(
    DNS,
    "coredns",
    "Deployment",
    {"k8s-app": "kube-dns"},
    (
        ContainerPort("dns", 53, "UDP"),
        ContainerPort("dns-tcp", 53, "TCP"),
        ContainerPort("metrics", 9153, "TCP"),
    ),
)
_INGRESS_PLAN = _Plan(
    INGRESS,
    "ingress-nginx-controller",
    "Deployment",
    {
        "app.kubernetes.io/name": "ingress-nginx",
        "app.kubernetes.io/instance": "ingress-nginx",
        "app.kubernetes.io/component": "controller",
    },
    (
        ContainerPort("http", 80, "TCP"),
        ContainerPort("https", 443, "TCP"),
        ContainerPort("webhook", 8443, "TCP"),
    ),
)


class _Growing:
    """Makes workloads' pods, each on a random node."""

    def __init__(self, nodes: Nodes, random: Random) -> None:
        self._nodes, self._random, self._serial = nodes, random, count()

    def workload(self, plan: _Plan, pods: int) -> Workload:
        labels, owner, controller = dict(plan.labels), Owner(plan.kind, plan.name), None
        if plan.kind == "Deployment":
            template = letters(self._random.randrange(len(_LETTERS) ** 9), 9)
            labels["pod-template-hash"] = template
            controller = Controller(
                plan.namespace, f"{plan.name}-{template}", kind_name="ReplicaSet", owner=owner
            )
            owner = Owner("ReplicaSet", controller.name)
        shared = _labels(labels)
        grown = tuple(self._pod(plan, owner, shared, number) for number in range(pods))
        return Workload(
            plan.namespace,
            plan.name,
            plan.kind,
            _labels(plan.labels),
            plan.ports,
            grown,
            controller,
        )

    def _pod(self, plan: _Plan, owner: Owner, labels: Labels, number: int) -> Pod:
        if plan.kind == "StatefulSet":
            name = f"{plan.name}-{number}"
            labels = _labels({**dict(labels), "statefulset.kubernetes.io/pod-name": name})
        else:
            name = f"{owner.name}-{pod_suffix(next(self._serial))}"
        node, address = self._nodes.place()
        return Pod(
            plan.namespace,
            name,
            labels=labels,
            addresses=node.addresses[:1] if plan.host_network else (address,),
            node=node.name,
            host_network=plan.host_network,
            phase="Running",
            ready=self._random.random() < 0.99,
            ports=plan.ports,
            owner=owner,
        )


def pod_suffix(serial: int) -> str:
    """The random-looking end of a pod's name; each serial number has another."""
    return letters(serial * 7_654_321 % len(_LETTERS) ** 5, 5)


def letters(number: int, size: int) -> str:
    """A number in Kubernetes' alphabet for random names."""
    found = ""
    for _ in range(size):
        number, rest = divmod(number, len(_LETTERS))
        found += _LETTERS[rest]
    return found


def _labels(pairs: dict[str, str]) -> Labels:
    return tuple(sorted(pairs.items()))
