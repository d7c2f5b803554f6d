"""The API server is killed, and what happens meanwhile is lost to history: the verdict is right."""

from collections.abc import Callable, Iterator

import pytest

from cluster.waiting import wait_for
from live import behind
from live.props import NETWORKING, SHUT, SHUT_INGRESS, ingress, policy, run_pod, service
from live.stage import Stage, open_stage

pytestmark = pytest.mark.live


@pytest.fixture
def stage() -> Iterator[Stage]:
    """One of its own: right after its start an API server may refuse what it will allow."""
    with open_stage() as running:
        yield running


def test_what_happened_while_history_was_lost_is_told_in_full(stage: Stage) -> None:
    scene = stage.scene("outage")
    api, ns, etcd = stage.api, scene.namespace, stage.controlplane.etcd
    dead = service(ns, "dead", "none", externalIPs=["203.0.113.78"])
    lost = ingress(ns, "lost", {"a.example.com": "none"})
    vain = policy(ns, "vain", "none", {**SHUT_INGRESS, "egress": [{}]})
    deny, late = policy(ns, "deny", "", SHUT), policy(ns, "late", "none", SHUT)
    of_dead = ["RA022 Service/dead", "RA028 Service/dead"]
    of_lost = ["RA035 Ingress/lost"]
    of_vain = ["RA005 NetworkPolicy/vain", "RA007 NetworkPolicy/vain"]
    of_late = ["RA005 NetworkPolicy/late"]
    rule = {"from": [{"ipBlock": {"cidr": "10.0.0.0/99"}}]}
    broken = policy(ns, "broken", "web", {**SHUT_INGRESS, "ingress": [rule]})
    scene.after(lambda: run_pod(api, ns, "web"), opens=[scene.own("RA001")])
    scene.after(lambda: api.create(deny), closes=[scene.own("RA001")])
    scene.after(lambda: api.create(dead), opens=of_dead)
    scene.after(lambda: api.create(lost), opens=of_lost)
    scene.after(lambda: api.create(vain), opens=of_vain)
    behind.put(etcd, broken)
    wait_for(lambda: complaints(stage), "the broken policy is read")

    def meanwhile() -> None:
        for each in (dead, lost, deny):
            behind.delete(etcd, each)
        behind.put(etcd, policy(ns, "vain", "web", SHUT_INGRESS))
        behind.put(etcd, late)

    scene.after(
        lambda: outage(stage, meanwhile),
        opens=[scene.own("RA003"), *of_late],
        closes=[*of_dead, *of_lost, *of_vain],
        seconds=40,
    )
    # The watches stand again: what comes now is told as ever.
    scene.after(lambda: api.create(lost), opens=of_lost)
    scene.after(lambda: api.delete(NETWORKING, "NetworkPolicy", "late", ns), closes=of_late)
    # A list tells again of what cannot be read; the log does not.
    assert len(complaints(stage)) == 1
    assert {record["level"] for record in stage.operator.records} == {"info", "warning"}


def complaints(stage: Stage) -> list[str]:
    return [message for message in stage.operator.messages if "is not a CIDR" in message]


def outage(stage: Stage, meanwhile: Callable[[], None]) -> None:
    stage.controlplane.kill_api_server()
    meanwhile()
    stage.controlplane.etcd.compact()
    stage.controlplane.start_api_server()
