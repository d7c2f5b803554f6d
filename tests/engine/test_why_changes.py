"""Changes that explanations name: enough, and no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from engine.test_exposure import BACKEND, LABELS, controller
from engine.test_why import POLICY, SHOP, explainer
from reachaudit.model.facts import Ingress, NetworkPolicy, Pod, Service
from reachaudit.model.names import Ref
from reachaudit.outputs.edit_text import edit_lines
from reachaudit.outputs.explanation_text import explanation_text
from reachaudit.reach.ports import protocol_and_number, span
from reachaudit.reach.verdict import Outcome
from reachaudit.reach.why.edits import Part
from reachaudit.reach.why.explanation import Explainer
from reachaudit.settings import Assumptions, assume

if TYPE_CHECKING:
    from reachaudit.reach.why.edits import Edit
    from reachaudit.reach.why.explanation import Answer
    from reachaudit.reach.why.flips import Flip

NODES = "".join(
    f"node n{number} 192.168.0.{number},fd00:0:0:c::{number} podCIDR=10.244.{number}.0/24\n"
    for number in range(1, 6)
)
DENY = """
kind: NetworkPolicy
metadata: {name: deny, namespace: %s}
spec: {podSelector: {}}
"""
NODE_PORT = """
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: NodePort
  clusterIP: 10.96.0.1
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
"""
BALANCER = f"""{NODE_PORT.replace("NodePort", "LoadBalancer")}
status: {{loadBalancer: {{ingress: [{{ip: 203.0.113.50}}]}}}}
"""
TARGET = span("TCP", 8080, 8080)
Rule = dict[str, list[dict[str, object]]]


def only(*manifests: str, cluster: str = SHOP, ends: tuple[str, str], port: int = 80) -> Answer:
    """The one answer to a question about a port, in IPv4."""
    asked = explainer(*manifests, cluster=cluster)
    [answer] = asked.explain(*ends, span("TCP", port, port), ["IPv4"]).answers
    return answer


def added(flip: Flip) -> list[Rule]:
    """The rules that are added to policies."""
    parts = [part for edit in flip.edits for part in edit.parts if part.action == "add"]
    return [cast("Rule", part.value) for part in parts]


def first_rule(answer: Answer) -> Rule:
    return next(rule for flip in answer.flips for rule in added(flip))


def blocks(rule: Rule, peers: str = "from") -> list[dict[str, object]]:
    return [block for peer in rule[peers] if isinstance(block := peer["ipBlock"], dict)]


def test_a_permission_holds_for_every_node_that_may_be_entered() -> None:
    """Policies tell no two of five nodes apart: the answer is about two, the rule about all."""
    cluster = f"{NODES}ns shop\nshop/web-1 app=web @n1 owner=Deployment/web\n"
    answer = only(
        BALANCER,
        DENY % "shop",
        cluster=cluster,
        ends=("198.51.100.9", "lb:shop/web"),
    )
    assert answer.outcome is Outcome.DENY
    rules = added(answer.flips[0])
    assert [rule["ports"] for rule in rules] == [[{"protocol": "TCP", "port": 8080}]] * len(rules)
    named = {str(block["cidr"]) for rule in rules for block in blocks(rule)}
    assert {"198.51.100.9/32", "192.168.0.1/32", "192.168.0.2/31", "192.168.0.4/31"} == named


def test_where_no_rule_means_the_peer_one_for_all_is_named_before_deletion() -> None:
    """Not even ipBlocks match nodes here (NP-30); a rule for all (NP-13) opens its ports alone."""
    policy = """
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec: {podSelector: {}, ingress: [{ports: [{port: 9000}]}]}
"""
    by_default, question = explainer(policy), ("node/n1", "data/db", span("TCP", 80, 80))
    assumed = assume(Assumptions(), "ip-blocks-match-nodes=false")
    unnamed = Explainer(by_default.reach.facts, assumed).explain(*question, ["IPv4"])
    [answer] = unnamed.answers
    assert added(answer.flips[0]) == [{"ports": [{"protocol": "TCP", "port": 80}]}]
    deleted = [[edit.new is None for edit in flip.edits] for flip in answer.flips]
    assert deleted == [[False], [False], [True]]
    words = "for everybody, as no narrower rule is sure to"
    assert explanation_text(unnamed).count(words) == 2
    assert words not in explanation_text(by_default.explain(*question, ["IPv4"]))


CLOUD = """
kind: IngressClass
metadata: {name: alb}
spec: {controller: ingress.k8s.aws/alb}
---
kind: Service
metadata: {name: s, namespace: x, annotations: {cloud.google.com/neg: '{"ingress": true}'}}
spec: {clusterIP: 10.96.0.10, selector: {app: s}, ports: [{port: 80, targetPort: 81}]}
---
kind: Ingress
metadata: {name: web, namespace: x, annotations: {%s}}
spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}
status: {loadBalancer: {ingress: [{ip: 203.0.113.70}]}}
"""


def test_a_load_balancer_is_permitted_from_where_it_is_known_to_dial() -> None:
    """Google's ranges are known (EXT-14); from where Amazon's dials is not: the rule is for all."""

    def rules(annotations: str) -> list[Rule]:
        cluster, ends = "node n1\nns x\nx/a app=s @n1\n", ("203.0.113.7", "ing:foo.com/")
        answer = only(CLOUD % annotations, DENY % "x", cluster=cluster, ends=ends)
        return added(answer.flips[0])

    ports = [{"protocol": "TCP", "port": 81}]
    [google] = rules("kubernetes.io/ingress.class: gce")
    assert {str(block["cidr"]) for block in blocks(google)} == {"35.191.0.0/16", "130.211.0.0/22"}
    assert google["ports"] == ports
    amazon = "kubernetes.io/ingress.class: alb, alb.ingress.kubernetes.io/target-type: ip"
    assert rules(amazon) == [{"ports": ports}]


def test_pods_are_named_even_where_nodes_are_not() -> None:
    """Clients come by a node, whom nothing means here; the controller is a pod to its backend."""
    cluster = f"node n1\nnode n2\nns x\nns ic\nx/a app=s @n1\nic/ctl {LABELS} @n2\n"
    world = explainer(
        BACKEND,
        controller("{ip: 203.0.113.60}"),
        DENY % "x",
        DENY % "ic",
        cluster=cluster,
    )
    assumed = assume(Assumptions(), "ip-blocks-match-nodes=false")
    asked = Explainer(world.reach.facts, assumed)
    [answer] = asked.explain("203.0.113.7", "ing:foo.com/", None, ["IPv4"]).answers
    rules = {
        edit.ref.namespace: cast("Rule", part.value)
        for edit in answer.flips[0].edits
        for part in edit.parts
    }
    assert "from" not in rules["ic"]
    [peer] = rules["x"]["from"]
    assert peer["podSelector"] == {"matchLabels": dict(each.split("=") for each in LABELS.split())}


def test_a_node_that_dials_is_permitted_alone_and_in_its_family() -> None:
    answer = only(DENY % "data", ends=("node/n1", "data/db"))
    assert blocks(first_rule(answer)) == [{"cidr": "192.168.0.1/32"}]


def test_no_change_is_named_that_is_not_needed() -> None:
    """A policy that cannot be read must go, beside whatever else is changed; nothing more must."""
    broken = "kind: NetworkPolicy\nmetadata: {name: odd, namespace: data}\nspec: [1]\n"
    answer = only(DENY % "data", broken, ends=("shop/web-1", "data/db"))
    assert answer.outcome is Outcome.UNKNOWN
    opening = [flip for flip in answer.flips if flip.becomes is Outcome.ALLOW]
    changed = [[edit.ref.name for edit in flip.edits] for flip in opening]
    assert sorted(changed) == [["allow-db", "odd"], ["deny", "odd"], ["deny", "odd"]]


def test_what_only_passes_is_no_label_of_a_permission() -> None:
    cluster = SHOP.replace("shop/web-1 app=web", "shop/web-1 app=web pod-template-hash=5f6d")
    answer = only(DENY % "data", cluster=cluster, ends=("shop/web-1", "data/db"))
    [peer] = first_rule(answer)["from"]
    assert peer["podSelector"] == {"matchLabels": {"app": "web"}}


def test_a_permission_for_the_internet_leaves_private_addresses_and_metadata_out() -> None:
    out = """
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
"""
    answer = only(out, ends=("shop/web-1", "internet"), port=443)
    [block] = blocks(first_rule(answer), "to")
    assert isinstance(block["except"], list)
    assert block["cidr"] == "0.0.0.0/0"
    assert {"10.0.0.0/8", "192.168.0.0/16", "169.254.169.254/32"} <= set(block["except"])


def test_a_permission_is_for_all_ports_that_were_asked_for_together() -> None:
    asked = explainer(POLICY)
    [answer] = asked.explain("shop/web-1", "data/db", span("UDP", 53, 60), ["IPv4"]).answers
    assert first_rule(answer)["ports"] == [{"protocol": "UDP", "port": 53, "endPort": 60}]
    several = explainer(POLICY).explain("shop/web-1", "data/db", span("TCP", 5431, 5433), ["IPv4"])
    denied = next(a for a in several.answers if a.outcome is Outcome.DENY)
    assert first_rule(denied)["ports"] == [
        {"protocol": "TCP", "port": 5431},
        {"protocol": "TCP", "port": 5433},
    ]


def test_behind_a_service_the_permission_is_for_the_pods_port() -> None:
    answer = only(NODE_PORT, DENY % "shop", ends=("data/db", "svc:shop/web"))
    assert first_rule(answer)["ports"] == [{"protocol": "TCP", "port": 8080}]


def test_all_pods_behind_a_service_are_shut_by_one_policy() -> None:
    """Two of them are alike but for their node: the policy that shuts selects both."""
    answer = only(NODE_PORT, ends=("data/db", "svc:shop/web"))
    made = [edit.new for flip in answer.flips for edit in flip.edits if edit.old is None]
    denying = [policy for policy in made if isinstance(policy, NetworkPolicy)]
    assert {dict(policy.subject.labels).get("app") for policy in denying} == {"web", "db"}


def test_a_port_is_added_to_a_service_where_it_is_dialled_by_it() -> None:
    answer = only(NODE_PORT, ends=("shop/web-1", "svc:shop/web"), port=81)
    assert answer.outcome is Outcome.NO_PATH
    [edit] = [edit for flip in answer.flips for edit in flip.edits]
    assert edit.parts[0].field == "spec.ports"


def test_a_service_that_selects_again_gets_its_endpoints_anew() -> None:
    """The slices of the wrong selector are the controller's to write: they are not kept."""
    service = NODE_PORT.replace("app: web", "app: wbe")
    empty = """
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
endpoints: []
ports: [{port: 8080}]
"""
    answer = only(service, empty, ends=("data/db", "svc:shop/web"))
    assert answer.outcome is Outcome.NO_PATH
    [edit] = [edit for flip in answer.flips for edit in flip.edits]
    assert edit.parts == (Part("set", "spec.selector", {"app": "web"}),)


def test_a_way_in_is_closed_by_the_path_that_was_asked_for_alone() -> None:
    paths = """
      - {path: /%s, pathType: Exact, backend: {service: {name: s, port: {number: 80}}}}"""
    cluster = f"node n1 192.168.0.1\nns x\nns ic\nx/a app=s @n1\nic/ctl {LABELS} @n1\n"
    rules = f"""rules:
  - host: one.com
    http:
      paths:{paths % "a"}{paths % "b"}{paths % "c"}
  - host: two.com
    http:
      paths:{paths % "a"}{paths % "b"}{paths % "c"}
"""
    spec = (
        "spec: {ingressClassName: nginx, defaultBackend: {service: {name: s, port: {number: 80}}}}"
    )
    assert spec in BACKEND
    ingress = BACKEND.replace(spec, f"spec:\n  ingressClassName: nginx\n  {rules}")
    answer = only(
        ingress,
        controller("{ip: 203.0.113.60}"),
        cluster=cluster,
        ends=("203.0.113.7", "ing:two.com/c"),
    )
    [edit] = [e for flip in answer.flips for e in flip.edits if isinstance(e.new, Ingress)]
    assert edit.parts == (Part("remove", "spec.rules[1].http.paths[2]"),)
    assert isinstance(edit.new, Ingress)
    left = [[path.path for path in rule.paths] for rule in edit.new.rules]
    assert left == [["/a", "/b", "/c"], ["/a", "/b"]]


@pytest.mark.parametrize("ready", ["true", "false"])
def test_a_service_is_not_mended_where_it_forwards(ready: str) -> None:
    """What policies shut is not opened by another target port, nor by pods that are not ready."""
    service = NODE_PORT.replace("targetPort: 8080", "targetPort: http")
    cluster = SHOP.replace("app=web @n1", "app=web @n1 ports=http:8080,admin:9000")
    allow = """
kind: NetworkPolicy
metadata: {name: admin, namespace: shop}
spec: {podSelector: {}, ingress: [{ports: [{port: 9000}]}]}
"""
    cluster = (
        cluster if ready == "true" else cluster.replace("shop/web-2 app=web", "shop/web-2 app=x")
    )
    answer = only(service, allow, cluster=cluster, ends=("data/db", "svc:shop/web"))
    assert answer.outcome is Outcome.DENY
    assert not [e for flip in answer.flips for e in flip.edits if isinstance(e.new, Service | Pod)]


def test_a_deleted_policy_is_named_only_with_all_that_isolate() -> None:
    more = (DENY % "data").replace("deny", "deny-too")
    answer = only(DENY % "data", more, ends=("shop/web-1", "data/db"))
    assert not [flip for flip in answer.flips for edit in flip.edits if edit.new is None]
    assert len(answer.flips[0].edits) == 1


def test_flips_are_told_as_a_person_makes_them() -> None:
    answer = only(DENY % "data", ends=("shop/web-1", "data/db"))
    edits: list[Edit] = [edit for flip in answer.flips for edit in flip.edits]
    told = {next(iter(edit_lines(edit))) for edit in edits}
    assert "in NetworkPolicy data/deny, add to spec.ingress:" in told
    assert any(edit.ref == Ref("NetworkPolicy", "data", "allow-db") for edit in edits)


def test_pods_that_policies_do_not_tell_apart_get_one_permission() -> None:
    cluster = SHOP.replace("web-1 app=web", "web-1 app=web v=1").replace(
        "web-2 app=web", "web-2 app=web v=2"
    )
    answer = only(DENY % "data", cluster=cluster, ends=("shop/web[Deployment]", "data/db"))
    assert [rule["from"][0]["podSelector"] for rule in added(answer.flips[0])] == [
        {"matchLabels": {"app": "web"}}
    ]


def test_a_permission_goes_into_the_policy_that_selects_fewest_others() -> None:
    narrow = """
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}}
"""
    other = f"{SHOP}shop/api-0 app=api @n1 owner=Deployment/api\n"
    answer = only(narrow, DENY % "shop", cluster=other, ends=("data/db", "shop/web-1"))
    named = [e.ref.name for flip in answer.flips for e in flip.edits if added(flip)]
    assert named[0] == "web"
    radius = [flip.gained + flip.lost for flip in answer.flips]
    assert radius == sorted(radius)


def test_a_permission_for_a_block_is_for_all_of_it() -> None:
    answer = only(BALANCER, DENY % "shop", ends=("203.0.112.0/24", "lb:shop/web"))
    named = {str(b["cidr"]) for rule in added(answer.flips[0]) for b in blocks(rule)}
    assert "203.0.112.0/24" in named


def test_ports_that_lead_to_other_ports_are_told_apart() -> None:
    two = NODE_PORT.replace(
        "nodePort: 30080}", "nodePort: 30080, name: a}, {port: 81, targetPort: 8081, name: b}"
    )
    answers = explainer(two).explain("data/db", "svc:shop/web", None, ["IPv4"]).answers
    assert [protocol_and_number(hop.way.port or 0) for a in answers for hop in a.hops[:1]] == [
        ("TCP", 8080),
        ("TCP", 8081),
    ]


def test_other_ways_are_those_of_the_clients_zone_and_family() -> None:
    """Nodes have private addresses here: nobody in the internet dials them."""
    asked = explainer(NODE_PORT)
    ways = {
        source: [way.zone for way in asked.explain(source, "shop/web-1", TARGET).answers[0].ways_in]
        for source in ("198.51.100.9", "10.99.0.1", "fd99::1")
    }
    assert ways == {"198.51.100.9": [], "10.99.0.1": ["private"], "fd99::1": []}


def test_a_question_leaves_no_trace_in_the_next() -> None:
    asked = explainer(DENY % "data", NODE_PORT)
    first = asked.explain("shop/web-1", "data/db", TARGET)
    asked.explain("data/db", "svc:shop/web")
    assert asked.explain("shop/web-1", "data/db", TARGET) == first


def test_a_permission_for_a_zone_is_one_rule_whatever_policies_tell_apart_in_it() -> None:
    out = """
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
"""
    ranges = "".join(
        f"""
---
kind: NetworkPolicy
metadata: {{name: p{number}, namespace: data}}
spec: {{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: 9.{number}.0.0/16}}}}]}}]}}
"""
        for number in range(5)
    )
    answer = only(f"{out}{ranges}", ends=("shop/web-1", "internet"), port=443)
    assert [len(added(flip)) for flip in answer.flips if added(flip)] == [1]


def test_what_no_policy_can_shut_says_why() -> None:
    answer = only(DENY % "shop", ends=("shop/web-1", "shop/web-1"))
    [need] = answer.needs
    assert need.text == "No policy can shut it: a pod always reaches its own address."
    assert need.rules == ("NP-45",)
