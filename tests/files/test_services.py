"""What a cluster gives to Services and Ingresses of files, and which families it has."""

from pathlib import Path

import pytest

from files.filed import Filed, deployment, node, policy, reading, service
from reachaudit.model.facts import SOME_PORT, EndpointSlice, Ingress, Node, Pod, Service
from reachaudit.watch.snapshot import Snapshot

WEB = deployment("web")
DUAL = node("n1", "192.168.0.1", "10.244.0.0/24, 'fd00::/64'")
SIX = node("n1", "", "'fd00::/64'")

RANGE = """
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: kubernetes}
spec: {cidrs: ['fd00:1::/112']}
"""


def families(snapshot: Snapshot) -> tuple[str, ...]:
    """The families of the pods."""
    [found] = {tuple(a.family for a in pod.addresses) for pod in snapshot.facts.of(Pod)}
    return found


def written(spec: str = "", status: str = "") -> str:
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec: {{selector: {{app: web}}, ports: [{{port: 80}}], {spec}}}
status: {{{status}}}
"""


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([], ("IPv4",)),
        ([DUAL], ("IPv4", "IPv6")),
        ([SIX], ("IPv6",)),
        ([node("n1", "192.168.0.1")], ("IPv4",)),
        ([node("n1", "2001:db8::1")], ("IPv6",)),
        ([written("clusterIP: 10.96.0.1")], ("IPv4",)),
        ([written("clusterIPs: ['fd00:1::1']")], ("IPv6",)),
        ([written("clusterIPs: [10.96.0.1, 'fd00:1::1']")], ("IPv4", "IPv6")),
        ([written("ipFamilies: [IPv6]")], ("IPv4", "IPv6")),
        ([written("ipFamilyPolicy: RequireDualStack")], ("IPv4", "IPv6")),
        ([written("ipFamilyPolicy: PreferDualStack")], ("IPv4",)),
        ([written("ipFamilyPolicy: RequireDualStack"), SIX], ("IPv6",)),
        ([RANGE], ("IPv6",)),
    ],
)
def test_which_families_the_cluster_has(
    tmp_path: Path, others: list[str], found: tuple[str, ...]
) -> None:
    snapshot = reading(tmp_path, WEB, *others)
    assert not snapshot.problems
    assert families(snapshot) == found


@pytest.mark.parametrize(
    ("spec", "nodes", "addresses"),
    [
        ("", [], ["some IPv4 address"]),
        ("", [DUAL], ["some IPv4 address"]),
        ("", [SIX], ["some IPv6 address"]),
        ("ipFamilies: [IPv6]", [DUAL], ["some IPv6 address"]),
        ("ipFamilyPolicy: PreferDualStack", [], ["some IPv4 address"]),
        ("ipFamilyPolicy: PreferDualStack", [DUAL], ["some IPv4 address", "some IPv6 address"]),
        (
            "ipFamilyPolicy: PreferDualStack, ipFamilies: [IPv6]",
            [DUAL],
            ["some IPv6 address", "some IPv4 address"],
        ),
        ("ipFamilyPolicy: RequireDualStack", [], ["some IPv4 address", "some IPv6 address"]),
        (
            "ipFamilyPolicy: RequireDualStack, clusterIP: 10.96.0.7",
            [],
            ["10.96.0.7", "some IPv6 address"],
        ),
        ("clusterIP: 10.96.0.7", [DUAL], ["10.96.0.7"]),
        ("clusterIP: None", [DUAL], []),
    ],
)
def test_which_addresses_a_service_gets(
    tmp_path: Path, spec: str, nodes: list[str], addresses: list[str]
) -> None:
    [found] = reading(tmp_path, written(spec), *nodes).facts.of(Service)
    assert [str(address) for address in found.cluster_ips] == addresses
    if addresses:
        assert [address.family for address in found.cluster_ips] == list(found.families)


@pytest.mark.parametrize(
    ("spec", "node_port", "balancers", "health"),
    [
        ("type: ClusterIP", 0, 0, 0),
        ("type: NodePort", SOME_PORT, 0, 0),
        ("type: NodePort, externalTrafficPolicy: Local", SOME_PORT, 0, 0),
        ("type: LoadBalancer", SOME_PORT, 1, 0),
        ("type: LoadBalancer, externalTrafficPolicy: Local", SOME_PORT, 1, SOME_PORT),
        ("type: LoadBalancer, allocateLoadBalancerNodePorts: false", 0, 1, 0),
        ("type: ExternalName, externalName: example.com", 0, 0, 0),
    ],
)
def test_which_ports_and_load_balancers_a_service_gets(
    tmp_path: Path, spec: str, node_port: int, balancers: int, health: int
) -> None:
    snapshot = reading(tmp_path, written(spec))
    [found] = snapshot.facts.of(Service)
    assert [port.node_port for port in found.ports] == [node_port]
    assert len(found.balancers) == balancers
    assert found.health_port == health
    assert bool(found.cluster_ips) == (found.type != "ExternalName")
    given = ("load balancers without a status get an address",) if balancers else ()
    assert snapshot.assumptions == given


def test_what_is_written_is_kept(tmp_path: Path) -> None:
    port = written("type: LoadBalancer").replace("port: 80", "port: 80, nodePort: 30080")
    snapshot = reading(
        tmp_path,
        port.replace("status: {}", "status: {loadBalancer: {ingress: [{ip: 203.0.113.5}]}}"),
    )
    [found] = snapshot.facts.of(Service)
    assert [each.node_port for each in found.ports] == [30080]
    assert [str(each.address) for each in found.balancers] == ["203.0.113.5"]
    assert snapshot.assumptions == ()


def test_what_is_from_a_cluster_is_taken_as_it_is(tmp_path: Path) -> None:
    pending = written("type: LoadBalancer, clusterIP: 10.96.0.7, ipFamilies: [IPv4]")
    pending = pending.replace("name: web", "name: web, uid: u")
    [found] = reading(tmp_path, pending).facts.of(Service)
    assert found.balancers == ()
    ingress = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop%s}
spec: {ingressClassName: alb, defaultBackend: {service: {name: web, port: {number: 80}}}}
"""
    [own] = reading(tmp_path, ingress % ", uid: u").facts.of(Ingress)
    assert own.balancers == ()
    [own] = reading(tmp_path, ingress % "").facts.of(Ingress)
    assert len(own.balancers) == 1


CLOUD = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: alb}
spec: {controller: ingress.k8s.aws/alb}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: alb, defaultBackend: {service: {name: web, port: {number: 80}}}}
"""


def test_the_load_balancer_of_a_cloud_gets_an_address(tmp_path: Path) -> None:
    world = Filed(tmp_path, WEB, CLOUD, service("web", "type: NodePort"))
    ways = {(z, v) for z, way, v in world.exposed("shop/web[Deployment]") if "Ingress" in way}
    assert ways == {("internet", "ALLOW"), ("private", "ALLOW")}


def test_two_load_balancers_that_nobody_knows_are_not_one(tmp_path: Path) -> None:
    """ING-19: an address tells whose Ingress it is, and here there is none."""
    unknown = CLOUD.replace("ingress.k8s.aws/alb", "example.com/unknown")
    world = Filed(tmp_path, WEB, unknown, service("web", "type: LoadBalancer"))
    ways = {v for _, way, v in world.exposed("shop/web[Deployment]") if "Ingress" in way}
    assert ways == {"UNKNOWN ingress-controller"}


def test_endpoints_by_hand_are_mirrored(tmp_path: Path) -> None:
    bare = """
apiVersion: v1
kind: Service
metadata: {name: bank, namespace: shop}
spec: {ports: [{name: sql, port: 5432}]}
"""
    endpoints = """
apiVersion: v1
kind: Endpoints
metadata: {name: bank, namespace: shop%s}
subsets:
  - addresses: [{ip: 203.0.113.7}, {ip: 'fd00:5::7'}, {ip: 203.0.113.9, nodeName: n1}]
    notReadyAddresses: [{ip: 203.0.113.8}]
    ports: [{name: sql, port: 15432}]
"""
    snapshot = reading(tmp_path, bare, endpoints % "")
    found = list(snapshot.facts.of(EndpointSlice))
    assert [(each.name, each.family, each.service) for each in found] == [
        ("bank-0", "IPv4", "bank"),
        ("bank-1", "IPv6", "bank"),
    ]
    assert [(str(e.address), e.ready, e.node) for e in found[0].endpoints] == [
        ("203.0.113.7", True, ""),
        ("203.0.113.9", True, "n1"),
        ("203.0.113.8", False, ""),
    ]
    assert [port.port for port in found[0].ports] == [15432]
    world = Filed(
        tmp_path,
        WEB,
        bare,
        endpoints % "",
        policy("web", "egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]"),
    )
    assert world.to_service("shop/web-0", "shop/bank") == "ALLOW"
    skipped = ", labels: {endpointslice.kubernetes.io/skip-mirror: 'true'}"
    assert not list(reading(tmp_path, bare, endpoints % skipped).facts.of(EndpointSlice))
    selecting = bare.replace("spec: {", "spec: {selector: {app: web}, ")
    assert not list(reading(tmp_path, selecting, endpoints % "").facts.of(EndpointSlice))
    assert not list(reading(tmp_path, endpoints % "").facts.of(EndpointSlice))
    slice_of_it = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: own, namespace: shop, labels: {kubernetes.io/service-name: bank}}
addressType: IPv4
"""
    names = [
        each.name
        for each in reading(tmp_path, bare, endpoints % "", slice_of_it).facts.of(EndpointSlice)
    ]
    assert names == ["own"]
    broken = reading(
        tmp_path,
        bare,
        (endpoints % "").replace("203.0.113.7", "203.0.113").replace("15432", "0, protocol: ICMP"),
    )
    assert [problem.text for problem in broken.problems] == [
        "subsets[0]: '203.0.113' is not an IP address"
    ]


def test_a_node_without_addresses_has_some(tmp_path: Path) -> None:
    [found] = reading(
        tmp_path, DUAL.replace("{type: InternalIP, address: 192.168.0.1}", "")
    ).facts.of(Node)
    assert [str(address) for address in found.addresses] == [
        "some IPv4 address",
        "some IPv6 address",
    ]


def test_one_node_stands_for_all_where_none_is_known(tmp_path: Path) -> None:
    [found] = reading(tmp_path, WEB).facts.of(Node)
    assert (found.name, [str(address) for address in found.addresses]) == (
        "?",
        ["some IPv4 address"],
    )
