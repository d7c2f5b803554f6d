"""What an explanation groups, names and leaves out; the cases hold what it says of single cells."""

from __future__ import annotations

import pytest

from cases.engine_answers import EngineAnswers
from cases.manifests import read_manifests
from cases.world import World
from engine.test_exposure import BACKEND, LABELS, controller
from reachaudit.model.facts import Pod
from reachaudit.model.store import Facts
from reachaudit.reach.ends import EndError
from reachaudit.reach.ports import span
from reachaudit.reach.verdict import Outcome
from reachaudit.reach.why import names
from reachaudit.reach.why.explanation import Explainer, Explanation
from reachaudit.settings import Assumptions

SHOP = """
node n1 192.168.0.1,fd00:0:0:c::1 podCIDR=10.244.1.0/24,fd00:0:0:1::/64
node n2 192.168.0.2,fd00:0:0:c::2 podCIDR=10.244.2.0/24,fd00:0:0:2::/64
ns shop
ns data
shop/web-1 app=web @n1 owner=Deployment/web
shop/web-2 app=web @n2 owner=Deployment/web
shop/old app=web @n1 phase=Succeeded owner=Deployment/web
shop/web app=web @n2 owner=StatefulSet/web
data/db-0 app=db @n2 ports=sql:5432 owner=StatefulSet/db
"""
POLICY = """
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]
    ports: [{port: 5432}, {port: 9000, endPort: 9100}]
  - from: [{ipBlock: {cidr: 203.0.113.0/24}}]
    ports: [{protocol: UDP, port: 53}]
"""


def explainer(*manifests: str, cluster: str = SHOP, more: int = 0) -> Explainer:
    world = World()
    for line in cluster.strip().splitlines():
        world.add_line(line)
    for number in range(more):
        world.add_line(
            f"crowd{number % 9}/p{number} app=p 10.{100 + number // 250}.0.{number % 250}"
        )
    for text in manifests:
        for obj in read_manifests(text):
            world.add_object(obj)
    return Explainer(EngineAnswers(world.objects(), {}).reach.facts, Assumptions())


def told(explanation: Explanation) -> list[tuple[str, str, str]]:
    return [(a.outcome.value, names.ports(a), a.family) for a in explanation.answers]


def test_without_a_port_every_run_of_ports_that_fares_otherwise_is_told_once() -> None:
    explanation = explainer(POLICY).explain("shop/web[Deployment]", "data/db", families=["IPv4"])
    assert told(explanation) == [
        ("DENY", "1-5431/TCP, 5433-8999/TCP, 9101-65535/TCP, all UDP, all SCTP", "IPv4"),
        ("ALLOW", "5432/TCP, 9000-9100/TCP", "IPv4"),
    ]


def test_a_range_of_ports_is_cut_where_the_answer_changes() -> None:
    explanation = explainer(POLICY).explain(
        "shop/web[Deployment]", "data/db", span("TCP", 5430, 5432), ["IPv4"]
    )
    assert told(explanation) == [("DENY", "5430-5431/TCP", "IPv4"), ("ALLOW", "5432/TCP", "IPv4")]


def test_a_workload_is_all_its_pods_and_those_that_fare_alike_are_one_answer() -> None:
    explanation = explainer(POLICY).explain(
        "shop/web[Deployment]", "data/db", span("TCP", 5432, 5432)
    )
    assert [a.family for a in explanation.answers] == ["IPv4", "IPv6"]
    assert [len(a.asked.questions) for a in explanation.answers] == [2, 2]
    assert explanation.source.absent == ("pod shop/old has ended (Succeeded)",)


def test_pods_that_fare_otherwise_are_named_apart() -> None:
    only = """
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {}
  ingress: [{from: [{ipBlock: {cidr: 10.244.1.0/24}}]}]
"""
    explanation = explainer(only).explain(
        "shop/web[Deployment]", "data/db", span("TCP", 80, 80), ["IPv4"]
    )
    found = {a.outcome.value: names.sources(explanation, a) for a in explanation.answers}
    assert found == {"ALLOW": ("shop/web-1[Pod]",), "DENY": ("shop/web-2[Pod]",)}


def test_clients_that_fare_alike_for_different_reasons_are_told_apart() -> None:
    """Nodes find nobody behind the Service; who is outside has no route to it at all."""
    service = """
kind: Service
metadata: {name: s, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: wbe}, ports: [{port: 80}]}
"""
    explanation = explainer(service).explain("192.168.0.0/16", "svc:shop/s", None, ["IPv4"])
    nodes, outside = explanation.answers
    assert names.sources(explanation, nodes) == ("node/n1", "node/n2")
    assert nodes.verdict.note.startswith("no usable endpoints: no pod of shop matches")
    assert outside.verdict.note == "Service addresses are not routed from outside"


def test_zones_are_told_by_what_policies_tell_apart() -> None:
    out = """
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]
"""
    explanation = explainer(out).explain("shop/web-1", "internet", span("TCP", 443, 443), ["IPv4"])
    found = {a.outcome.value: names.targets(explanation, a) for a in explanation.answers}
    assert found["ALLOW"] == ("203.0.113.0/24",)
    assert "203.0.113.0/24" not in found["DENY"]


def test_a_block_is_the_pods_and_nodes_in_it_and_who_is_outside() -> None:
    explanation = explainer(POLICY).explain(
        "192.168.0.0/16", "data/db", span("TCP", 5432, 5432), ["IPv4"]
    )
    found = {names.sources(explanation, a): a.outcome.value for a in explanation.answers}
    assert found[("node/n2",)] == "ALLOW"
    assert found[("node/n1",)] == "DENY"
    assert "NO_PATH" in found.values()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("shop/wbe", "there is no pod and no workload shop/wbe; did you mean shop/web"),
        ("nowhere/web", "there is no pod and no workload nowhere/web"),
        ("shop/web", "shop/web may be shop/web[Deployment] or shop/web[StatefulSet]"),
        ("svc:shop/api", "there is no Service shop/api; did you mean shop/web?"),
        ("svc:web", "'web' is no Service; write svc:ns/name"),
        ("node/n3", "there is no node n3"),
        ("externalip:web", "externalip:web is no address"),
        ("ing:foo.com/", "there is no Ingress here"),
        ("web", "'web' names nothing; did you mean shop/web?"),
        ("wbe", "'wbe' names nothing; write ns/name"),
        ("", "'' names nothing"),
        ("db", "'db' names nothing; did you mean data/db?"),
        ("10.0.0.0/33", "10.0.0.0/33 is no CIDR"),
        ("shop/web[ReplicaSet]", "shop/web[ReplicaSet] is no pod and no workload; the Service"),
    ],
)
def test_a_name_that_means_nothing_is_told_with_what_may_be_meant(name: str, sentence: str) -> None:
    service = """
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: web}, ports: [{port: 80}]}
"""
    with pytest.raises(EndError) as error:
        explainer(service).explain("data/db", name)
    assert sentence in str(error.value)


def test_only_who_can_send_is_a_source() -> None:
    with pytest.raises(EndError, match="svc:shop/web receives and never sends"):
        explainer().explain("svc:shop/web", "data/db")


def test_a_pod_that_is_nowhere_has_no_path_and_says_why() -> None:
    explanation = explainer().explain("shop/old", "data/db")
    [answer] = explanation.answers
    assert (answer.outcome, answer.verdict.note) == (
        Outcome.NO_PATH,
        "pod shop/old has ended (Succeeded)",
    )


def test_what_nearly_allows_it_is_told() -> None:
    explanation = explainer(POLICY).explain("shop/web-1", "data/db", span("TCP", 80, 80), ["IPv4"])
    [answer] = explanation.answers
    [near] = answer.hops[0].ingress.near
    assert (near.field, near.why) == (
        "spec.ingress[0]",
        "allows it on 5432/TCP, 9000-9100/TCP only",
    )


def test_a_permission_outlives_rollouts_and_is_no_wider_than_the_flow() -> None:
    explanation = explainer(POLICY).explain("shop/web-1", "data/db", span("UDP", 99, 99), ["IPv4"])
    flip = explanation.answers[0].flips[0]
    [part] = flip.edits[0].parts
    assert part.value == {
        "from": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
                "podSelector": {"matchLabels": {"app": "web"}},
            }
        ],
        "ports": [{"protocol": "UDP", "port": 99}],
    }


def test_changes_that_change_least_come_first() -> None:
    deny = """
kind: NetworkPolicy
metadata: {name: default-deny, namespace: data}
spec: {podSelector: {}}
"""
    explanation = explainer(deny).explain("shop/web-1", "data/db", span("TCP", 80, 80), ["IPv4"])
    [answer] = explanation.answers
    radius = [flip.gained + flip.lost for flip in answer.flips]
    assert radius == sorted(radius)
    assert answer.flips[-1].edits[0].new is None, "to delete the policy opens most"


RESTING = """
kind: NetworkPolicy
metadata: {name: block, namespace: data}
spec:
  podSelector: {}
  ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16}}]}]
---
kind: NetworkPolicy
metadata: {name: team, namespace: data}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{namespaceSelector: {matchLabels: {team: a}}}]}]
---
kind: Service
metadata: {name: db, namespace: data}
spec: {clusterIP: 10.96.0.1, selector: {app: db}, ports: [{port: 80}]}
---
kind: Service
metadata: {name: elsewhere, namespace: shop}
spec: {clusterIP: 10.96.0.2, ports: [{port: 80}]}
---
kind: EndpointSlice
metadata:
  name: elsewhere-1
  namespace: shop
  labels: {kubernetes.io/service-name: elsewhere}
addressType: IPv4
endpoints: [{addresses: [10.244.2.240]}]
ports: [{port: 80}]
"""


@pytest.fixture(scope="module")
def few_and_many() -> tuple[Explainer, Explainer]:
    """A cluster, and the same with a crowd of others in it."""
    cluster = f"{SHOP.replace('ns shop', 'ns shop team=a')}data/api @n2 10.244.2.240 app=api\n"
    return explainer(RESTING, cluster=cluster), explainer(RESTING, cluster=cluster, more=1001)


@pytest.mark.parametrize(
    ("source", "target", "held"),
    [
        ("shop/web-1", "data/api", {"ip-blocks-match-pods"}),
        ("shop/web-1", "data/db", set()),  # its namespace's labels allow it, too
        ("shop/web-1", "svc:shop/elsewhere", {"ip-blocks-match-pods"}),
        ("10.99.0.1", "data/db", {"pod-range-routed"}),
        ("10.99.0.1", "svc:data/db", {"service-range-routed"}),
    ],
)
def test_an_answer_rests_on_the_same_in_a_crowd(
    few_and_many: tuple[Explainer, Explainer], source: str, target: str, held: set[str]
) -> None:
    """Of many pods only those of the namespaces at hand are asked about under other assumptions."""
    explanations = (e.explain(source, target, span("TCP", 80, 80), ["IPv4"]) for e in few_and_many)
    few, many = ([answer.rests for answer in e.answers] for e in explanations)
    assert few == many
    assert {rest.held.partition("=")[0] for rests in few for rest in rests} == held


def test_explaining_changes_no_fact() -> None:
    asked = explainer(POLICY)
    before = sorted(fact.ref for fact in asked.reach.facts)
    asked.explain("shop/web-1", "data/db")
    assert sorted(fact.ref for fact in asked.reach.facts) == before
    assert isinstance(asked.reach.facts, Facts)
    assert any(asked.reach.facts.of(Pod))


@pytest.mark.parametrize(
    ("spec", "port", "note"),
    [
        (
            "selector: {app: wbe}",
            80,
            "no pod of shop matches its selector app=wbe (Service shop/s)",
        ),
        ("selector: {app: web}", 81, "the Service has no port 81/TCP, only 80/TCP"),
        ("type: ExternalName, externalName: gone.shop.svc.cluster.local", 80, "does not resolve"),
        ("type: ExternalName, externalName: gone.shop.svc.cluster.local", None, "does not resolve"),
    ],
)
def test_a_service_that_leads_nowhere_says_why(spec: str, port: int | None, note: str) -> None:
    head = "kind: Service\nmetadata: {name: s, namespace: shop}\n"
    address = "" if "ExternalName" in spec else "clusterIP: 10.96.0.1, "
    service = f"{head}spec: {{{address}{spec}, ports: [{{port: 80}}]}}\n"
    asked = span("TCP", port, port) if port else None
    explanation = explainer(service).explain("data/db", "svc:shop/s", asked, ["IPv4"])
    [answer] = explanation.answers
    assert answer.outcome is Outcome.NO_PATH
    assert answer.verdict.note.endswith(note)
    assert names.ports(answer) == (f"{port}/TCP" if port else "all ports")


def test_a_service_without_an_address_and_a_backend_say_which_port_lacks_endpoints() -> None:
    service = """
kind: Service
metadata: {name: s, namespace: x}
spec:
  clusterIP: %s
  selector: {app: s}
  ports: [{name: a, port: 80, targetPort: gone}, {name: b, port: 81, targetPort: lost}]
"""
    ingress = """
kind: Ingress
metadata: {name: web, namespace: x}
spec: {ingressClassName: nginx, defaultBackend: {service: {name: s, port: {number: 81}}}}
"""
    cluster = f"node n1\nns x\nns ic\nx/a app=s @n1\nic/ctl {LABELS} @n1\n"
    door = controller("{ip: 203.0.113.60}")

    def note(address: str, target: str) -> str:
        asked = explainer(BACKEND, door, service % address, ingress, cluster=cluster)
        [answer] = asked.explain("x/a", target, None, ["IPv4"]).answers
        return answer.verdict.note

    lack = "no pod that it selects has a port named"
    assert f"the name resolves to no endpoint: {lack} gone/TCP" in note("None", "svc:x/s")
    assert f"no ready endpoints: {lack} lost/TCP" in note("10.96.0.10", "ing:foo.com/")


@pytest.mark.parametrize(
    ("selector", "note"),
    [
        ("selector: {app: api}, ", "no pod that matches its selector app=api has an IPv6 address"),
        ("", "no EndpointSlice of its name has IPv6 addresses"),
    ],
)
def test_a_service_with_endpoints_in_one_family_says_so_of_the_other(
    selector: str, note: str
) -> None:
    service = f"""
kind: Service
metadata: {{name: s, namespace: shop}}
spec:
  {{{selector}clusterIPs: [10.96.0.1, "fd00:96::1"], ports: [{{port: 80}}]}}
"""
    piece = """
kind: EndpointSlice
metadata: {name: s-1, namespace: shop, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
endpoints: [{addresses: [10.244.1.77]}]
ports: [{port: 80}]
"""
    asked = explainer(
        service,
        *([] if selector else [piece]),
        cluster=f"{SHOP}shop/api @n1 10.244.1.77 app=api\n",
    )
    first, second = asked.explain("data/db", "svc:shop/s").answers
    assert (first.family, first.outcome) == ("IPv4", Outcome.ALLOW)
    assert (second.family, second.outcome) == ("IPv6", Outcome.NO_PATH)
    assert second.verdict.note == f"no usable endpoints: {note} (Service shop/s)"


def test_ports_of_a_service_that_lead_nowhere_are_told_apart_by_what_each_lacks() -> None:
    service = """
kind: Service
metadata: {name: s, namespace: shop}
spec:
  clusterIP: 10.96.0.1
  selector: {app: web}
  ports:
  - {name: a, port: 80, targetPort: gone}
  - {name: b, port: 81, targetPort: lost}
  - {name: c, port: 82, targetPort: 8080}
  - {name: d, port: 83, targetPort: lost}
"""
    cluster = SHOP.replace("app=web", "app=web unready")
    explanation = explainer(service, cluster=cluster).explain("data/db", "svc:shop/s")
    notes = {names.ports(a): a.verdict.note for a in explanation.answers}
    lacks = {
        "80/TCP": "no pod that it selects has a port named gone/TCP",
        "81/TCP, 83/TCP": "no pod that it selects has a port named lost/TCP",
        "82/TCP": "no pod that it selects is ready",
    }
    assert notes == {
        ports: f"no usable endpoints: {lack} (Service shop/s)" for ports, lack in lacks.items()
    }


def test_ends_without_a_family_in_common_say_which_they_have() -> None:
    cluster = SHOP.replace(
        "node n2 192.168.0.2,fd00:0:0:c::2 podCIDR=10.244.2.0/24,fd00:0:0:2::/64",
        "node n2 192.168.0.2 podCIDR=10.244.2.0/24",
    )
    [answer] = (
        explainer(cluster=cluster).explain("data/db", "fd00::99", span("TCP", 80, 80)).answers
    )
    assert answer.verdict.note.endswith("data/db[StatefulSet] has IPv4, fd00::99 IPv6")
    assert names.ports(answer) == "80/TCP"


def test_a_name_elsewhere_is_rewritten_by_nobody() -> None:
    out = """
kind: NetworkPolicy
metadata: {name: out, namespace: data}
spec: {podSelector: {}, policyTypes: [Egress]}
---
kind: Service
metadata: {name: mail, namespace: data}
spec: {type: ExternalName, externalName: smtp.example.net}
"""
    [answer] = (
        explainer(out).explain("data/db", "svc:data/mail", span("TCP", 25, 25), ["IPv4"]).answers
    )
    assert answer.outcome is Outcome.DENY
    assert [hop.on for hop in answer.hops] == [""]


def test_nearly_names_the_item_the_exception_and_the_label_that_lacks() -> None:
    near = """
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: web}}
    - ipBlock: {cidr: 10.244.0.0/16, except: [10.244.1.0/24]}
    - namespaceSelector: {}
      podSelector: {matchLabels: {app: api}}
"""
    [answer] = (
        explainer(near).explain("shop/web-1", "data/db", span("TCP", 80, 80), ["IPv4"]).answers
    )
    told = [(each.field, each.why) for each in answer.hops[0].ingress.near]
    assert [(field, why.partition(", but ")[2]) for field, why in told] == [
        (
            "spec.ingress[0].from[0]",
            "podSelector alone means pods of namespace data (NP-15)",
        ),
        (
            "spec.ingress[0].from[1]",
            f"except 10.244.1.0/24 leaves {answer.hops[0].way.source.address} out",
        ),
        ("spec.ingress[0].from[2]", "podSelector wants app=api, and the pod has app=web"),
    ]


def test_a_rewrite_is_told_with_the_node_that_does_it() -> None:
    """The client's own node for a ClusterIP, the one that is dialled for a node port (SVC-41)."""
    service = """
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: NodePort
  clusterIP: 10.96.0.1
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
"""
    asked = explainer(service)
    [inner] = asked.explain("data/db", "svc:shop/web", None, ["IPv4"]).answers
    assert {hop.on for hop in inner.hops} == {"n2"}
    [dialled] = asked.explain("data/db", "nodeport:n1", span("TCP", 30080, 30080), ["IPv4"]).answers
    assert {hop.on for hop in dialled.hops} == {"n1"}
    assert "SVC-41" in {rule for hop in dialled.hops for rule in hop.rules}
    [outer] = asked.explain(
        "198.51.100.9", "nodeport:n1", span("TCP", 30080, 30080), ["IPv4"]
    ).answers
    seen = {hop.on: hop.way.seen.node for hop in outer.hops if hop.way.target.node == "n2"}
    assert seen == {"n1": "n1"}


def test_whom_source_ranges_shut_out_is_told_so() -> None:
    """SVC-35: and whom they hold is not."""
    service = """
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.1
  selector: {app: web}
  loadBalancerSourceRanges: [198.51.100.0/24]
  ports: [{port: 80, targetPort: 8080}]
status: {loadBalancer: {ingress: [{ip: 203.0.113.50}]}}
"""
    asked, port = explainer(service), span("TCP", 80, 80)
    [shut] = asked.explain("203.0.113.99", "lb:shop/web", port).answers
    note = "loadBalancerSourceRanges do not hold the client"
    assert (shut.outcome, shut.verdict.note) == (Outcome.DENY, note)
    [held] = asked.explain("198.51.100.9", "lb:shop/web", port).answers
    assert (held.outcome, held.verdict.note) == (Outcome.ALLOW, "")
