"""A live cluster as it would be with manifests applied to it.

Objects are as the manifests have them; what only the cluster gives stays: addresses, nodes, ports
that it chose, load balancers, labels that controllers set, and those of a Namespace that the
manifest does not name. Pods of a workload that runs keep their number and their places. Nothing is
deleted: what the manifests leave out stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from reachaudit.model.facts import (
    SOME_NODE,
    SOME_PORT,
    Balancer,
    Controller,
    EndpointSlice,
    Fact,
    Ingress,
    Labels,
    Namespace,
    Node,
    Pod,
    Service,
    ServicePort,
)
from reachaudit.model.objects.wire import labels_of
from reachaudit.model.store import Facts
from reachaudit.reach.workloads import Workload, workload_of
from reachaudit.watch.files.allocation import GIVEN

_BY_CONTROLLERS = (
    "pod-template-hash",
    "pod-template-generation",
    "controller-revision-hash",
    "controller-uid",
    "job-name",
    "statefulset.kubernetes.io/",
    "apps.kubernetes.io/",
    "batch.kubernetes.io/",
)


def applied(live: Facts, manifests: Facts) -> Facts:
    """The facts of a live cluster with those of manifests applied to them."""
    return Facts(_Applying(live, manifests).all())


class _Applying:
    def __init__(self, live: Facts, manifests: Facts) -> None:
        self._live, self._manifests = live, manifests
        self._running = _by_workload(live)
        self._coming = _by_workload(manifests)

    def all(self) -> Iterator[Fact]:
        """All facts; of one object the last one counts."""
        changed = list(self._changed())
        stale = self._stale(changed)
        replaced = {pod.ref for workload in self._coming for pod in self._running[workload]}
        for fact in self._live:
            gone = fact.ref in replaced or (isinstance(fact, EndpointSlice) and _of(fact) in stale)
            if not gone:
                yield fact
        yield from changed

    def _changed(self) -> Iterator[Fact]:
        for workload, templates in self._coming.items():
            running = self._running[workload]
            yield from _taken_over(running, templates) if running else templates
        nodes = any(self._live.of(Node))
        for fact in self._manifests:
            if isinstance(fact, Pod) or (
                isinstance(fact, Node) and fact.name == SOME_NODE and nodes
            ):
                continue
            yield self._with_given(fact)

    def _with_given(self, fact: Fact) -> Fact:
        """An object of a manifest with what the cluster has given to the one that is there."""
        match fact:
            case Service():
                there = self._live.get(Service, fact.ref)
                return _given_service(fact, there) if there else fact
            case Ingress():
                known = self._live.get(Ingress, fact.ref)
                balancers = _balancers(fact.balancers, known.balancers if known else ())
                return replace(fact, balancers=balancers)
            case Namespace():
                space = self._live.get(Namespace, fact.ref)
                labels = {**dict(space.labels if space else ()), **dict(fact.labels)}
                return replace(fact, labels=labels_of(labels))
            case _:
                return fact

    def _stale(self, changed: Iterable[Fact]) -> set[tuple[str, str]]:
        """The Services whose slices their controller will write anew (SVC-12).

        Those with a selector that changed themselves, or in whose namespace pods did.
        """
        moved = {f.ref for f in changed if self._live.get(type(f), f.ref) != f}
        spaces = {ref.namespace for ref in moved if ref.kind == Pod.kind}
        services = (*self._live.of(Service), *self._manifests.of(Service))
        return {
            (service.namespace, service.name)
            for service in services
            if service.selector and (service.namespace in spaces or service.ref in moved)
        }


def _by_workload(facts: Facts) -> defaultdict[Workload, list[Pod]]:
    found: defaultdict[Workload, list[Pod]] = defaultdict(list)
    for pod in facts.of(Pod):
        owner = pod.owner or pod.name
        found[workload_of(pod.namespace, owner, partial(facts.get, Controller))].append(pod)
    return found


def _taken_over(running: list[Pod], templates: list[Pod]) -> Iterator[Pod]:
    """The pods of a workload at their places, each as the template of its name has it, if any."""
    named = {template.name: template for template in templates}
    for pod in running:
        template = named.get(pod.name, templates[0])
        moved = template.host_network != pod.host_network
        yield replace(
            template,
            name=pod.name,
            labels=_labels(pod.labels, template.labels),
            addresses=template.addresses if moved else pod.addresses,
            node=pod.node,
            phase=pod.phase,
            ready=pod.ready,
            terminating=pod.terminating,
            owner=pod.owner,
        )


def _labels(there: Labels, template: Labels) -> Labels:
    """A template's labels, and what controllers add to them."""
    kept = {key: value for key, value in there if key.startswith(_BY_CONTROLLERS)}
    return labels_of({**dict(template), **kept})


def _given_service(service: Service, there: Service) -> Service:
    asked = any(not address.placed for address in service.cluster_ips)
    keeps = asked and there.cluster_ips and not there.headless
    families = {address.family for address in there.cluster_ips}
    return replace(
        service,
        cluster_ips=there.cluster_ips if keeps else service.cluster_ips,
        families=tuple(f for f in there.families if f in families) if keeps else service.families,
        ports=tuple(_given_port(port, there) for port in service.ports),
        balancers=_balancers(service.balancers, there.balancers),
        health_port=_chosen(service.health_port, there.health_port),
    )


def _given_port(port: ServicePort, there: Service) -> ServicePort:
    """The node port that the same port of the Service has."""
    same = (p for p in there.ports if (p.port, p.protocol) == (port.port, port.protocol))
    return replace(port, node_port=_chosen(port.node_port, next((p.node_port for p in same), 0)))


def _chosen(asked: int, there: int) -> int:
    return there if asked == SOME_PORT and there else asked


def _balancers(asked: tuple[Balancer, ...], there: tuple[Balancer, ...]) -> tuple[Balancer, ...]:
    return there if asked == (GIVEN,) and there else asked


def _of(piece: EndpointSlice) -> tuple[str, str]:
    return piece.namespace, piece.service
