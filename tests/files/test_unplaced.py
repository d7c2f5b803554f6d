"""Pods of files have no address and no node yet: what hangs on these is UNKNOWN, and no more."""

from pathlib import Path

import pytest

from files.filed import Filed, deployment, node, policy, service, told
from reachaudit.reach.resolve import by_address, by_name
from reachaudit.settings import Assumptions

WEB, DB = deployment("web"), deployment("db")
HOSTED = deployment("agent", "hostNetwork: true,")
SHUT = policy("db", "policyTypes: [Ingress]")
N1, N2 = node("n1", "192.168.0.1"), node("n2", "192.168.0.2")
CLIENT, STRANGER = "203.0.113.7", "198.51.100.9"


def lets_in(cidr: str) -> str:
    """A policy that lets a block into db."""
    return policy("db", f"ingress: [{{from: [{{ipBlock: {{cidr: {cidr}}}}}]}}]")


@pytest.mark.parametrize(
    ("cidr", "verdict"),
    [("10.0.0.0/8", "UNKNOWN no-address"), ("0.0.0.0/0", "ALLOW"), ("fd00::/8", "DENY")],
)
def test_a_block_may_hold_a_pod_unless_it_is_of_another_family(
    tmp_path: Path, cidr: str, verdict: str
) -> None:
    assert Filed(tmp_path, WEB, DB, lets_in(cidr)).to_pod("shop/web-0", "shop/db-0", 80) == verdict


def test_a_pod_on_its_nodes_network_may_be_on_the_node_of_any_other(tmp_path: Path) -> None:
    shut = Filed(tmp_path, HOSTED, DB, SHUT)
    assert shut.to_pod("shop/agent-0", "shop/db-0", 80) == "UNKNOWN no-node"
    spread = Filed(tmp_path, HOSTED, DB, SHUT, N1, N2)
    assert spread.to_pod("shop/agent-0", "shop/db-0", 80) == "UNKNOWN no-node"
    assert spread.to_pod("node:n1", "shop/db-0", 80) == "UNKNOWN no-node"


def test_where_there_is_one_node_every_pod_is_on_it(tmp_path: Path) -> None:
    world = Filed(tmp_path, HOSTED, DB, SHUT, N1)
    assert world.to_pod("node:n1", "shop/db-0", 80) == "ALLOW"
    assert str(world.party("shop/agent-0").address) == "192.168.0.1"
    assert world.to_pod("shop/agent-0", "shop/db-0", 80) == "UNKNOWN implementation"


def test_a_service_without_an_address_is_reached_by_the_one_that_it_will_have(
    tmp_path: Path,
) -> None:
    world = Filed(
        tmp_path, WEB, DB, service("db", ""), policy("db", "ingress: [{ports: [{port: 8080}]}]")
    )
    assert world.to_service("shop/web-0", "shop/db") == "ALLOW"
    assert (
        Filed(tmp_path, WEB, DB, service("db", ""), SHUT).to_service("shop/web-0", "shop/db")
        == "DENY"
    )
    assert world.to_service(CLIENT, "shop/db") == "NO_PATH"


def test_traffic_that_stays_on_its_node_may_find_no_endpoint_there(tmp_path: Path) -> None:
    local = service("db", "internalTrafficPolicy: Local")
    assert Filed(tmp_path, WEB, DB, local).to_service("shop/web-0", "shop/db") == "UNKNOWN no-node"
    spread = Filed(tmp_path, WEB, DB, local, N1, N2)
    assert spread.to_service("shop/web-0", "shop/db") == "UNKNOWN no-node"
    assert spread.to_service("node:n1", "shop/db") == "UNKNOWN no-node"
    assert Filed(tmp_path, WEB, DB, local, N1).to_service("shop/web-0", "shop/db") == "ALLOW"
    none = Filed(tmp_path, WEB, deployment("db", replicas=0), local)
    assert none.to_service("shop/web-0", "shop/db") == "NO_PATH"


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ("", "ALLOW"),
        (lets_in("0.0.0.0/0"), "ALLOW"),
        # By the pod's own node the client is seen, by another it is that node, at some address.
        (lets_in("203.0.113.0/24"), "UNKNOWN no-node"),
        (policy("db", "ingress: [{from: [{namespaceSelector: {}}]}]"), "DENY"),
    ],
)
def test_who_dials_a_node_port_is_seen_or_some_node_is(
    tmp_path: Path, rules: str, verdict: str
) -> None:
    world = Filed(tmp_path, DB, service("db", "type: NodePort"), *filter(None, [rules]))
    assert world.to_service(CLIENT, "shop/db", "NodePort") == verdict


def test_a_node_that_keeps_its_clients_address_can_be_chosen(tmp_path: Path) -> None:
    local = service("db", "type: NodePort, externalTrafficPolicy: Local")
    for nodes in ((), (N1,), (N1, N2)):
        world = Filed(tmp_path, DB, local, lets_in("203.0.113.0/24"), *nodes)
        assert world.to_service(CLIENT, "shop/db", "NodePort") == "ALLOW"
        assert world.to_service(STRANGER, "shop/db", "NodePort") == "DENY"


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ("policyTypes: [Egress]", "DENY"),
        # Only on the client's own node is the endpoint what its egress is compared with (SVC-41).
        ("egress: [{to: [{podSelector: {}}]}], policyTypes: [Egress]", "UNKNOWN no-node"),
        ("egress: [{ports: [{port: 8080}, {port: 30000, endPort: 32767}]}]", "ALLOW"),
        ("egress: [{ports: [{port: 8080}, {port: 30000, endPort: 31000}]}]", "UNKNOWN no-node"),
    ],
)
def test_a_pods_egress_to_a_node_port(tmp_path: Path, rules: str, verdict: str) -> None:
    world = Filed(tmp_path, WEB, DB, service("db", "type: NodePort"), policy("web", rules))
    assert world.to_service("shop/web-0", "shop/db", "NodePort") == verdict


def test_a_node_port_that_is_not_known_may_be_any_of_the_range(tmp_path: Path) -> None:
    some = policy("web", "egress: [{ports: [{port: 8080}, {port: 30000, endPort: 31000}]}]")
    world = Filed(tmp_path, DB, service("db", "type: NodePort"), WEB, some, N1, N2)
    [listening] = [f for f in world.frontends("shop/db") if f.kind == "NodePort"]
    assert str(listening) == "NodePort ?/TCP"
    path = world.reach.paths.to_frontend(world.party("shop/web-0"), listening, "n2")
    assert told(path) == "UNKNOWN no-node"
    there = deployment("web", "nodeName: n1,")
    world = Filed(tmp_path, DB, service("db", "type: NodePort"), there, some, N1, N2)
    path = world.reach.paths.to_frontend(world.party("shop/web-0"), listening, "n2")
    assert told(path) == "UNKNOWN no-port"


def test_the_internet_may_reach_nodes_that_are_not_known(tmp_path: Path) -> None:
    exposed = service("db", "type: NodePort")
    way = "NodePort ?/TCP"
    assert Filed(tmp_path, DB, exposed).exposed("shop/db[Deployment]") == {
        ("private", way, "ALLOW"),
        ("internet", way, "UNKNOWN node-address"),
    }
    assert Filed(tmp_path, DB, exposed, N1).exposed("shop/db[Deployment]") == {
        ("private", way, "ALLOW")
    }
    assert Filed(tmp_path, DB, exposed, SHUT).exposed("shop/db[Deployment]") == {
        ("private", way, "DENY"),
        ("internet", way, "DENY"),
    }


def test_a_host_port_is_open_on_the_node_that_a_pod_comes_to(tmp_path: Path) -> None:
    hosted = deployment("db", ports="{containerPort: 80, hostPort: 8000}")
    for nodes, internet in (((), True), ((N1, N2), False)):
        ways = Filed(tmp_path, hosted, *nodes).exposed("shop/db[Deployment]")
        wanted = {("private", "hostPort 8000/TCP", "ALLOW")}
        if internet:
            wanted.add(("internet", "hostPort 8000/TCP", "UNKNOWN node-address"))
        assert ways == wanted


def test_a_load_balancer_without_a_status_will_get_an_address(tmp_path: Path) -> None:
    front = service("db", "type: LoadBalancer, allocateLoadBalancerNodePorts: false")
    way = "LoadBalancer 80/TCP"
    assert Filed(tmp_path, DB, front).exposed("shop/db[Deployment]") == {
        ("private", way, "ALLOW"),
        ("internet", way, "ALLOW"),
    }
    # It may send the client on under its own address, or under a node's.
    limited = Filed(tmp_path, DB, front, lets_in("203.0.113.0/24"))
    assert limited.to_service(CLIENT, "shop/db", "LoadBalancer") == "UNKNOWN no-address"
    inner = """
apiVersion: v1
kind: Service
metadata:
  name: db
  namespace: shop
  annotations: {networking.gke.io/load-balancer-type: Internal}
spec: {type: LoadBalancer, selector: {app: db}, ports: [{port: 80}]}
"""
    ways = Filed(tmp_path, DB, inner).exposed("shop/db[Deployment]")
    assert {zone for zone, way, _ in ways if way == "LoadBalancer 80/TCP"} == {"private"}


def test_routed_pods_of_files_are_judged_by_their_policies(tmp_path: Path) -> None:
    routed = Assumptions(pod_range_routed="true")
    inner = policy("db", "ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]")
    shut = Filed(tmp_path, DB, inner, assumptions=routed)
    assert {verdict for _, _, verdict in shut.exposed("shop/db[Deployment]")} == {"DENY"}


def test_an_allow_list_may_hold_the_node_that_is_seen(tmp_path: Path) -> None:
    controller = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: v1
kind: Pod
metadata:
  name: controller
  namespace: shop
  labels:
    app: door
    app.kubernetes.io/name: ingress-nginx
    app.kubernetes.io/component: controller
spec: {containers: [{name: c}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: db
  namespace: shop
  annotations: {nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8}
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: db, port: {number: 80}}}
"""
    world = Filed(tmp_path, DB, service("db", ""), service("door", "type: NodePort"), controller)
    verdicts = {
        (zone, verdict)
        for zone, way, verdict in world.exposed("shop/db[Deployment]")
        if way.startswith("Ingress")
    }
    assert verdicts == {("internet", "UNKNOWN source-nat"), ("private", "UNKNOWN source-nat")}


def test_routed_traffic_that_stays_on_its_node_may_find_no_endpoint_there(tmp_path: Path) -> None:
    routed = Assumptions(service_range_routed="true")
    local = service("db", "internalTrafficPolicy: Local")
    for nodes, verdict in (
        ((), "UNKNOWN no-node"),
        ((N1, N2), "UNKNOWN no-node"),
        ((N1,), "ALLOW"),
    ):
        world = Filed(tmp_path, DB, local, *nodes, assumptions=routed)
        assert world.to_service(CLIENT, "shop/db") == verdict


def test_source_ranges_may_hold_a_pod(tmp_path: Path) -> None:
    """SVC-35: a load balancer's address is captured on the pod's own node."""
    for cidr, verdict in (("10.0.0.0/8", "UNKNOWN no-address"), ("0.0.0.0/0", "ALLOW")):
        front = service("db", f"type: LoadBalancer, loadBalancerSourceRanges: [{cidr}]")
        front += "status: {loadBalancer: {ingress: [{ip: 203.0.113.50}]}}\n"
        world = Filed(tmp_path, WEB, DB, front)
        assert world.to_service("shop/web-0", "shop/db", "LoadBalancer") == verdict


def test_a_name_leads_to_all_pods_though_no_address_tells_them_apart(tmp_path: Path) -> None:
    headless = service("db", "clusterIP: None").replace("{app: db}", "{tier: data}")
    stores = (
        deployment(name).replace(f"labels: {{app: {name}}}", f"labels: {{app: {name}, tier: data}}")
        for name in ("db", "store")
    )
    world = Filed(tmp_path, WEB, *stores, headless, SHUT)
    found = world.reach.services.get("shop", "db")
    assert found is not None
    path = by_name(world.reach.paths, world.party("shop/web-0"), found, 8080, "TCP")
    assert told(path) == "PARTIAL"


def test_a_port_of_a_node_may_be_the_one_that_a_service_gets(tmp_path: Path) -> None:
    world = Filed(tmp_path, DB, service("db", "type: NodePort"), SHUT, N1)
    address = world.party("node:n1").address
    verdicts = [
        told(by_address(world.reach.paths, world.party(CLIENT), address, port, "TCP"))
        for port in (29999, 30000, 32767, 32768)
    ]
    assert verdicts == ["ALLOW", "UNKNOWN no-port", "UNKNOWN no-port", "ALLOW"]
