"""Where a check says what the cause may be, it is the cause."""

import pytest

from cases.engine_answers import findings_of, read_facts
from cases.manifests import read_manifests
from cases.world import World
from reachaudit.findings.finding import Finding
from reachaudit.model.store import Facts
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions

SERVICE = """
kind: Service
metadata: {name: s, namespace: x}
spec: {clusterIP: 10.96.0.10, selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"""
SLICE = """
kind: EndpointSlice
metadata: {name: s-1, namespace: x, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
"""
BESIDE = "Its labels fit only pods on their node's network, and policies have no effect on those."


def only(check: str, lines: str, manifests: str) -> Finding:
    """The finding of a check in a world of these lines and objects; there must be one."""
    world = World()
    for line in lines.split("\n"):
        world.add_line(line)
    for each in read_manifests(manifests):
        world.add_object(each)
    reach = Reachability(Facts(read_facts(world.objects())), Assumptions())
    (finding,) = (each for each in findings_of(reach) if each.check == check)
    return finding


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("matchLabels: {app: wob}", "It wants app=wob; pods there have app=db, web."),
        ("matchLabels: {role: web}", "No pod there has a label role."),
        # Labels are named in the order of their keys: the first that is wrong, not the first.
        ("matchLabels: {app: web, tier: back}", "It wants tier=back; pods there have tier=front."),
        ("matchLabels: {app: db, tier: front}", "No pod there fulfils all of it together."),
        (
            "matchLabels: {app: web}, matchExpressions: [{key: tier, operator: DoesNotExist}]",
            "No pod there fulfils all of it together.",
        ),
        (
            "matchExpressions: [{key: role, operator: Exists}]",
            "No pod there fulfils all of it together.",
        ),
        ("matchLabels: {app: node}", BESIDE),
    ],
)
def test_why_a_policy_selects_nobody(selector: str, hint: str) -> None:
    policy = f"""
kind: NetworkPolicy
metadata: {{name: p, namespace: x}}
spec: {{podSelector: {{{selector}}}}}
"""
    lines = "x/a app=web tier=front\nx/b app=db\nx/c app=node hostNetwork\nx/d app=old phase=Failed"
    assert only("RA005", lines, policy).message.endswith(f"it protects nothing. {hint}")


def test_why_a_policy_selects_nobody_where_nobody_is() -> None:
    policy = """
kind: NetworkPolicy
metadata: {name: p, namespace: x}
spec: {podSelector: {matchLabels: {app: old}}}
"""
    message = only("RA005", "x/d app=old phase=Failed", policy).message
    assert message.endswith("The namespace has no pod that a policy can select.")


@pytest.mark.parametrize(
    ("pod", "reason", "field"),
    [
        ("x/a app=wob", "its selector app=web matches no pod that runs or starts", "spec.selector"),
        (
            "x/a app=web ports=http:80 phase=Succeeded",
            "its selector app=web matches no pod that runs or starts",
            "spec.selector",
        ),
        ("x/a app=web", "no pod of app=web has a TCP port named http", "spec.ports"),
        (
            "x/a app=web ports=http:80/UDP",
            "no pod of app=web has a TCP port named http",
            "spec.ports",
        ),
        ("x/a app=web ports=http:80 unready", "no pod of app=web is ready", "spec.selector"),
        # What is ready does not have the port, and what has the port is not ready.
        (
            "x/a app=web\nx/b app=web ports=http:80 unready",
            "no pod of app=web is ready",
            "spec.selector",
        ),
    ],
)
def test_why_nothing_stands_behind_a_service(pod: str, reason: str, field: str) -> None:
    finding = only("RA022", pod, SERVICE)
    assert finding.message == f"No usable endpoint, so connections are refused: {reason}."
    assert finding.field == field


def test_endpoint_slices_that_lag_behind_are_to_blame() -> None:
    finding = only("RA022", "x/a app=web ports=http:80", f"{SERVICE}---{SLICE}")
    assert "ready pods of app=web are there, but in no EndpointSlice" in finding.message


def test_endpoint_slices_by_hand_are_to_blame() -> None:
    service = SERVICE.replace("selector: {app: web}, ", "")
    finding = only("RA022", "x/a app=web", f"{service}---{SLICE}")
    assert "no EndpointSlice gives this port a ready address" in finding.message


def test_dead_ports_are_named_where_others_live() -> None:
    service = """
kind: Service
metadata: {name: s, namespace: x}
spec:
  clusterIP: None
  selector: {app: web}
  ports: [{name: a, port: 80}, {name: b, port: 81, targetPort: b}]
"""
    message = only("RA022", "x/a app=web", service).message
    assert message.startswith("No usable endpoint on 81/TCP, so its name leads nowhere: ")
