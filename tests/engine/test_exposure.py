"""Whom clients outside reach, from which zone: by the doors that they can really dial."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.engine_answers import EngineAnswers
from cases.manifests import read_manifests
from cases.world import World
from reachaudit.reach.verdict import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reachaudit.reach.exposure import Exposure

INSIDE = "node n1 192.168.0.1"
GLOBAL = "node n1 192.168.0.1 external=203.0.113.11"
LABELS = "app.kubernetes.io/name=ingress-nginx app.kubernetes.io/component=controller"
PODS = (
    "x/a app=s pod=a @n1",
    "x/b app=s pod=b @n1",
    "y/w-0 app=w owner=StatefulSet/w ports=web:8080 @n1",
    "y/w-1 app=w owner=StatefulSet/w ports=web:9090 @n1",
    f"ic/ctl {LABELS} @n1",
)
BACKEND = """
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
kind: Service
metadata: {name: s, namespace: x}
spec: {clusterIP: 10.96.0.10, selector: {app: s}, ports: [{port: 80, targetPort: 81}]}
---
kind: Ingress
metadata: {name: web, namespace: x}
spec: {ingressClassName: nginx, defaultBackend: {service: {name: s, port: {number: 80}}}}
"""
CONTROLLER = """
kind: Service
metadata: {name: svc, namespace: ic, annotations: %s}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.30
  selector: {app.kubernetes.io/name: ingress-nginx}
  ports: [{port: 80%s}]
  loadBalancerSourceRanges: %s
status: {loadBalancer: {ingress: [%s]}}
"""
NAMED = """
kind: Service
metadata: {name: w, namespace: y}
spec:
  type: NodePort
  clusterIP: 10.96.0.40
  selector: {app: w}
  ports: [{port: 80, targetPort: web, nodePort: 30080}]
"""
SHUT_B = """
kind: NetworkPolicy
metadata: {name: p, namespace: x}
spec: {podSelector: {matchLabels: {pod: b}}, policyTypes: [Ingress]}
"""


ONLY_80 = """
kind: NetworkPolicy
metadata: {name: p, namespace: ic}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]}
"""


TO_WEB = """
kind: NetworkPolicy
metadata: {name: p, namespace: ic}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 10.244.1.0/24}}], ports: [{port: web}]}]
"""


def controller(
    address: str, *, annotations: str = "{}", node_port: str = "", ranges: str = "[]"
) -> str:
    return CONTROLLER % (annotations, node_port, ranges, address)


def exposures_of(*manifests: str, lines: Iterable[str], assume: dict[str, str]) -> list[Exposure]:
    world = World()
    for line in lines:
        world.add_line(line)
    for manifest in manifests:
        for found in read_manifests(manifest):
            world.add_object(found)
    return EngineAnswers(world.objects(), assume).reach.exposures


def reached(node: str, *manifests: str, assume: dict[str, str] | None = None) -> set[str]:
    """Who is surely reached, as `zone workload`."""
    exposures = exposures_of(*manifests, lines=(node, *PODS), assume=assume or {})
    return {f"{e.zone} {e.workload}" for e in exposures if e.open and e.workload.namespace == "x"}


def doubts(*manifests: str) -> set[Reason | None]:
    """Why ways in are neither open nor shut."""
    exposures = exposures_of(*manifests, lines=(INSIDE, *PODS), assume={})
    assert all(e.verdict.outcome is Outcome.UNKNOWN for e in exposures)
    return {e.verdict.reason for e in exposures}


EVERYONE = {"internet x/a[Pod]", "private x/a[Pod]", "internet x/b[Pod]", "private x/b[Pod]"}
NEIGHBOURS = {"private x/a[Pod]", "private x/b[Pod]"}


def test_a_controller_behind_a_global_address_lets_the_internet_in() -> None:
    assert reached(INSIDE, BACKEND, controller("{ip: 203.0.113.60}")) == EVERYONE


def test_a_controller_behind_a_private_address_does_not() -> None:
    """EXT-15, ING-21: though the Ingress itself has no address yet."""
    assert reached(INSIDE, BACKEND, controller("{ip: 10.20.0.5}")) == NEIGHBOURS


def test_an_internal_scheme_counts_where_only_a_name_is_known() -> None:
    internal = "{service.beta.kubernetes.io/aws-load-balancer-scheme: internal}"
    assert (
        reached(INSIDE, BACKEND, controller("{hostname: lb}", annotations=internal)) == NEIGHBOURS
    )
    assert reached(INSIDE, BACKEND, controller("{hostname: lb}")) == EVERYONE


def test_a_workload_that_denies_is_not_reached_by_its_neighbours_door() -> None:
    """ING-15: the Service is of two workloads, and one of them shuts the controller out."""
    shut = reached(INSIDE, BACKEND, controller("{ip: 203.0.113.60}"), SHUT_B)
    assert shut == {"internet x/a[Pod]", "private x/a[Pod]"}


def test_a_controller_that_is_not_known_may_let_anybody_in() -> None:
    """ING-1, ING-19."""
    assert doubts(BACKEND.replace("k8s.io/ingress-nginx", "example.com/own")) == {Reason.CONTROLLER}


def test_source_ranges_leave_the_node_port_open() -> None:
    """SVC-35, V-27: the internet comes by the nodes where it may not come by the VIP."""
    limited = controller("{ip: 203.0.113.60}", node_port=", nodePort: 30180", ranges="[10.0.0.0/8]")
    assert reached(GLOBAL, BACKEND, limited) == EVERYONE
    assert reached(INSIDE, BACKEND, limited) == NEIGHBOURS


def test_pods_are_reached_where_their_addresses_are_routed() -> None:
    """EXT-12."""
    assert reached(INSIDE) == set()
    assert reached(INSIDE, assume={"pod-range-routed": "true"}) == EVERYONE
    shut = reached(INSIDE, SHUT_B, assume={"pod-range-routed": "true"})
    assert shut == {"internet x/a[Pod]", "private x/a[Pod]"}


def test_a_named_port_opens_each_pod_at_its_own_number() -> None:
    """SVC-4: also where the pods are of one workload."""
    ways = exposures_of(NAMED, lines=(INSIDE, *PODS), assume={})
    opened = {(str(way.workload), way.port) for way in ways if way.open}
    assert opened == {("y/w[StatefulSet]", 8080), ("y/w[StatefulSet]", 9090)}


def test_source_ranges_let_those_of_a_zone_in_whom_they_hold() -> None:
    """SVC-35: the internet is one zone, and not all of it fares alike."""
    some = controller("{ip: 203.0.113.60}", ranges="[198.51.100.0/24]")
    nobody = controller("{ip: 203.0.113.60}", ranges="[10.0.0.0/8]")
    assert reached(INSIDE, BACKEND, some) == {"internet x/a[Pod]", "internet x/b[Pod]"}
    assert reached(INSIDE, BACKEND, nobody) == NEIGHBOURS


def test_an_allow_list_lets_those_of_a_zone_in_whom_it_holds() -> None:
    """ING-23, as above."""
    ingress = BACKEND.replace(
        "metadata: {name: web, namespace: x}",
        "metadata: {name: web, namespace: x, annotations:"
        " {nginx.ingress.kubernetes.io/whitelist-source-range: 198.51.100.0/24}}",
    )
    kept = controller("{ip: 203.0.113.60}").replace(
        "  type: LoadBalancer", "  type: LoadBalancer\n  externalTrafficPolicy: Local"
    )
    assert reached(INSIDE, ingress, kept) == {"internet x/a[Pod]", "internet x/b[Pod]"}


def test_a_controller_that_forwards_to_itself_is_not_all_controllers() -> None:
    """NP-45: one of two is behind the Service, and lets itself in; not so the other."""
    pods = ("ic/ctl-0", "ic/ctl-1 unready")
    lines = (INSIDE, *(f"{pod} {LABELS} owner=DaemonSet/ctl @n1" for pod in pods))
    own = BACKEND.replace("namespace: x", "namespace: ic")
    own = own.replace("app: s", "app.kubernetes.io/name: ingress-nginx")
    manifests = (own, controller("{ip: 203.0.113.60}"), ONLY_80)
    exposures = exposures_of(*manifests, lines=lines, assume={})
    outcomes = {e.verdict.outcome for e in exposures if e.by.kind == "Ingress"}
    assert outcomes == {Outcome.PARTIAL}


def test_a_named_port_on_a_block_leads_to_the_pods_in_the_block_alone() -> None:
    """NP-41: pods of one class may lie in the block or not."""
    lines = (
        f"{INSIDE} podCIDR=10.244.1.0/24",
        "node n2 192.168.0.2 podCIDR=10.244.2.0/24",
        "x/a-0 app=s owner=StatefulSet/a ports=web:81 @n1",
        "x/a-1 app=s owner=StatefulSet/a ports=web:81 @n2",
        PODS[-1],
    )
    manifests = (BACKEND, controller("{ip: 203.0.113.60}"), TO_WEB)
    exposures = exposures_of(*manifests, lines=lines, assume={})
    outcomes = {e.verdict.outcome for e in exposures if e.by.kind == "Ingress"}
    assert outcomes == {Outcome.PARTIAL}


def test_a_controller_on_its_nodes_network_passes_to_pods_of_that_node_alone() -> None:
    """NP-44: policies take it for its node, and a node's own pods let that in."""
    lines = (
        INSIDE,
        "node n2 192.168.0.2",
        "x/a-0 app=s owner=StatefulSet/a @n2",
        "x/a-1 app=s owner=StatefulSet/a @n1",
        f"{PODS[-1]} hostNetwork",
    )
    shut = SHUT_B.replace("{matchLabels: {pod: b}}", "{}")
    exposures = exposures_of(BACKEND, shut, lines=lines, assume={"enforcer": "kube-router"})
    assert [(e.zone, e.verdict.outcome) for e in exposures] == [("private", Outcome.PARTIAL)]
