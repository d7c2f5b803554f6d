"""Who serves an Ingress: pods in the cluster, a load balancer outside, or nobody that is known."""

from dataclasses import dataclass, field, replace
from typing import Literal

from reachaudit.model.facts import Ingress, IngressClass, Pod
from reachaudit.model.ip import Block, parse_block
from reachaudit.model.names import Ref
from reachaudit.model.objects.arguments import UNREADABLE
from reachaudit.model.store import Facts
from reachaudit.reach.derived import Table
from reachaudit.reach.identity import Identity
from reachaudit.reach.services import Services, usable
from reachaudit.reach.verdict import PathVerdict, Reason, no_path, unknown
from reachaudit.settings import Assumptions, ControllerPods, controller_pods

_NAME, _COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"

# ING-19 step 2: `spec.controller` (up to a `/suffix`) → labels of the data-path pods.
_NGINX = "k8s.io/ingress-nginx"
_IN_CLUSTER: dict[str, tuple[dict[str, str], ...]] = {
    _NGINX: ({_NAME: "ingress-nginx", _COMPONENT: "controller"},),
    "nginx.org/ingress-controller": ({_NAME: "nginx-ingress"},),
    "traefik.io/ingress-controller": ({_NAME: "traefik"},),
    "haproxy.org/ingress-controller": ({_NAME: "kubernetes-ingress"},),
    "haproxy-ingress.github.io/controller": ({_NAME: "haproxy-ingress"},),
    "projectcontour.io": ({_NAME: "contour", _COMPONENT: "envoy"}, {"app": "envoy"}),
    "ingress-controllers.konghq.com/kong": ({_NAME: "kong"}, {"app": "ingress-kong"}),
}
CONTROLLERS = tuple(_IN_CLUSTER)
"""Those whose pods are known by their labels."""
# ING-20: controllers whose data path is a load balancer outside the cluster.
_CLOUD = ("ingress.k8s.aws/alb", "azure/application-gateway")
_GOOGLE = ("networking.gke.io/gce", "gce", "gce-internal")
_GOOGLE_RANGES = tuple(filter(None, map(parse_block, ("35.191.0.0/16", "130.211.0.0/22"))))
_UNMODELLED = ("cilium.io/ingress-controller",)


@dataclass(frozen=True, slots=True)
class Serving:
    """Who serves an Ingress.

    `pods`: the data path in the cluster; `nginx`: it is ingress-nginx, whose annotations are read.
    `cloud`: a load balancer outside, which dials pods from `ranges` where these are known (EXT-14).
    With neither, `note` says why; `unserved` then means that surely nobody does, else it is not
    known. `found_by`: what the pods were found by, the first that hit (ING-19). `refs`: the pods'
    objects. `choosy`: some of the pods watch only certain namespaces.
    """

    pods: tuple[Pod, ...] = ()
    nginx: bool = False
    cloud: bool = False
    ranges: tuple[Block, ...] = ()
    unserved: bool = False
    note: str = ""
    found_by: Literal["", "assumption", "labels", "address", "arguments"] = ""
    refs: tuple[Ref, ...] = field(init=False)
    choosy: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "choosy", any(pod.watched_namespaces for pod in self.pods))
        object.__setattr__(self, "refs", tuple(pod.ref for pod in self.pods))

    @property
    def nobody(self) -> PathVerdict:
        """What becomes of a request where neither pods nor a cloud are known to serve it."""
        if self.unserved:
            return no_path(self.note, "ING-2")
        return unknown(Reason.CONTROLLER, self.note, "ING-19")


class Controllers:
    """Finds who serves each Ingress."""

    def __init__(
        self, facts: Facts, identity: Identity, services: Services, assumptions: Assumptions
    ) -> None:
        self._facts, self._identity, self._services = facts, identity, services
        self._classless = assumptions.classless_ingress
        self._assumed = {c.class_name: c for c in controller_pods(assumptions.ingress_controllers)}
        self._known: Table[tuple[str, str], Serving] = Table(identity.graph, self._by_controller)

    def of(self, ingress: Ingress) -> Serving:
        """Who serves an Ingress, by its class (ING-2 to ING-5)."""
        name = ingress.class_name or (self._default_class() if not ingress.created else "")
        if not name and self._classless == "unknown":  # ING-5: some controllers serve it
            return Serving(note="it names no class, which controllers treat differently")
        if not name and self._classless == "ignored":
            return Serving(unserved=True, note="it names no class")
        serving = self._of_class(name or self._classless, ingress)
        return _watching(serving, ingress.namespace)

    def _of_class(self, name: str, ingress: Ingress) -> Serving:
        found = self._facts.get(IngressClass, Ref(IngressClass.kind, "", name))
        # The annotation of old may name a class without an object, and so may a user.
        objectless = ingress.class_annotated or name in self._assumed
        if found is None and not objectless:
            return Serving(unserved=True, note=f"IngressClass {name} does not exist")
        controller = found.controller if found else _controller_of_annotation(name)
        serving = self._known[controller, name]
        if not (serving.pods or serving.cloud or serving.unserved):
            pods = self._by_address(ingress)
            serving = Serving(pods, found_by="address") if pods else serving
        return serving

    def _default_class(self) -> str:
        """What admission writes into an Ingress from a file, as it is created (ING-4)."""
        defaults = [c for c in self._facts.of(IngressClass) if c.default]
        newest = max((c.created for c in defaults), default="")
        return min((c.name for c in defaults if c.created == newest), default="")

    def _by_controller(self, key: tuple[str, str]) -> Serving:
        controller, name = key
        if name in self._assumed:
            return self._as_assumed(controller, self._assumed[name])
        if controller in _CLOUD:
            return Serving(cloud=True)
        if controller in _GOOGLE:
            return Serving(cloud=True, ranges=_GOOGLE_RANGES)
        if controller in _UNMODELLED:
            return Serving(note=f"the data path of {controller} is in its node agents")
        labels = _labels_of(controller)
        if labels is None:
            names = {controller, name}
            pods = tuple(p for p in self._identity.serving if names & set(p.ingress_classes))
            if pods:  # ING-19 step 4
                return Serving(pods, found_by="arguments")
            return Serving(note=f"controller {controller} is not known here")
        found = {pod.ref: pod for wanted in labels for pod in self._identity.labelled(wanted)}
        pods = tuple(pod for _, pod in sorted(found.items()) if _may_serve(pod, controller, name))
        if not pods:  # ING-1
            return Serving(note=f"no pods of controller {controller} were found")
        return Serving(pods, nginx=controller.startswith(_NGINX), found_by="labels")

    def _as_assumed(self, controller: str, wanted: ControllerPods) -> Serving:
        """ING-19 step 1: the pods that the user names."""
        found = self._identity.labelled(dict(wanted.labels))
        pods = tuple(pod for pod in found if pod.namespace == wanted.namespace)
        if not pods:
            return Serving(note=f"no pods of ingress-controllers={wanted} were found")
        return Serving(pods, nginx=controller.startswith(_NGINX), found_by="assumption")

    def _by_address(self, ingress: Ingress) -> tuple[Pod, ...]:
        """ING-19 step 3: the pods behind the Service that has the Ingress's own address."""
        own = {(b.address, b.hostname) for b in ingress.balancers if b.known}
        found: dict[Ref, Pod] = {}
        for service in self._services.all:
            if own & {(b.address, b.hostname) for b in service.balancers}:
                for port in service.ports:
                    for family in service.families:
                        for backend in usable(self._services.backends(service, port, family)):
                            if (pod := backend.party.pod) is not None:
                                found[pod.ref] = pod
        return tuple(found.values())


def _watching(serving: Serving, namespace: str) -> Serving:
    """The pods that watch a namespace, by their arguments (ING-24): without any they watch all."""
    if not serving.choosy:
        return serving
    pods = tuple(
        pod
        for pod in serving.pods
        if not pod.watched_namespaces or {namespace, UNREADABLE} & set(pod.watched_namespaces)
    )
    unsure = any(
        UNREADABLE in pod.watched_namespaces and namespace not in pod.watched_namespaces
        for pod in pods
    )
    if unsure:
        return Serving(note="which namespaces its controller watches is not known")
    if not pods:
        return Serving(unserved=True, note=f"its controller does not watch namespace {namespace}")
    return replace(serving, pods=pods)


def _may_serve(pod: Pod, controller: str, name: str) -> bool:
    """Of two controllers with the same labels, their arguments say which serves a class."""
    return not pod.ingress_classes or bool({controller, name} & set(pod.ingress_classes))


def _labels_of(controller: str) -> tuple[dict[str, str], ...] | None:
    """Labels by the controller's name, or by that without a trailing /element."""
    return _IN_CLUSTER.get(controller) or _IN_CLUSTER.get(controller.rpartition("/")[0])


def _controller_of_annotation(name: str) -> str:
    """The legacy annotation names a class string, maybe without an object (ING-3)."""
    return {"nginx": _NGINX, "traefik": "traefik.io/ingress-controller"}.get(name, name)
