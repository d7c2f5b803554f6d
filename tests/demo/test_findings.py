"""What the samples' READMEs promise is what the operator's own pipeline finds in the live world."""

import time
from collections.abc import Iterable, Iterator
from typing import Literal

import pytest

from cluster.api import Api
from cluster.controlplane import ControlPlane
from demo import expected, samples
from demo.expected import Expected
from demo.settled import await_settled
from demo.world import sample_world
from reachaudit.findings.finding import Finding
from reachaudit.model.kinds import KINDS
from reachaudit.model.store import Change, Store
from reachaudit.reach.delta import Flow
from reachaudit.round.pipeline import Pipeline, Round
from reachaudit.settings import SYSTEM_NAMESPACES, Assumptions

pytestmark = pytest.mark.live

STEPS = expected.steps()
DB = "data/db[Deployment]"


@pytest.fixture(scope="module")
def rounds() -> Iterator[list[Round]]:
    """A round of the base world, and one after each change."""
    store = Store()
    pipeline = Pipeline(Assumptions(), SYSTEM_NAMESPACES, time.time, time.monotonic)
    with ControlPlane() as controlplane, sample_world(controlplane.api):
        api = controlplane.api
        found = [pipeline.run(changes_of(api, store))]
        for change in samples.changes():
            change.make(api)
            await_settled(api)
            found.append(pipeline.run(changes_of(api, store)))
        yield found


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_open_findings_are_those_of_the_readmes(rounds: list[Round], step: int) -> None:
    assert {short(entry.finding) for entry in rounds[step].open} == STEPS[step].open


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_what_opens_and_closes_is_what_the_readmes_say(rounds: list[Round], step: int) -> None:
    transitions = rounds[step].transitions
    assert {short(t.finding) for t in transitions if t.kind == "opened"} == STEPS[step].opened
    assert {short(t.finding) for t in transitions if t.kind == "closed"} == STEPS[step].closed


def test_the_default_deny_kept_settlement_shut_and_the_card_vault_in(rounds: list[Round]) -> None:
    gained, lost = flows(rounds[1], "gained"), flows(rounds[1], "lost")
    vault, settlement = "payments/card-vault[Deployment]", "payments/settlement[Deployment]"
    assert all(vault == flow.source or settlement == flow.target for flow in gained)
    assert (vault, "internet") in ends(gained)
    assert not lost


def test_the_node_port_opens_db_to_the_outside(rounds: list[Round]) -> None:
    assert ends(flows(rounds[2], "gained")) == {("internet", DB), ("private", DB)}
    assert not flows(rounds[2], "lost")


def test_the_broken_backend_takes_the_shop_off_the_air(rounds: list[Round]) -> None:
    web = "shop/web[Deployment]"
    assert ends(flows(rounds[3], "lost")) == {("internet", web), ("private", web)}
    assert not flows(rounds[3], "gained")


def test_the_policy_leaves_two_peers_and_cuts_the_cart_off(rounds: list[Round]) -> None:
    gained, lost = flows(rounds[4], "gained"), flows(rounds[4], "lost")
    assert all(DB in (flow.source, flow.target) for flow in lost)
    assert {("shop/cart[Deployment]", DB), ("internet", DB)} <= ends(lost)
    assert ("private", DB) not in ends(lost)
    frontend = [f for f in lost if f.source.startswith("myproject/") and f.protocol == "TCP"]
    assert [flow.ports for flow in frontend] == ["1-6378, 6380-65535"]
    assert not gained


def test_mending_gives_the_shop_and_the_cart_back(rounds: list[Round]) -> None:
    back = {("internet", "shop/web[Deployment]"), ("shop/cart[Deployment]", DB)}
    assert back <= ends(flows(rounds[5], "gained"))
    assert ("private", DB) in ends(flows(rounds[5], "lost"))


def changes_of(api: Api, store: Store) -> list[Change]:
    """What changed on the API server since the store was last fed."""
    found = []
    for kind in KINDS:
        if not kind.optional:
            items = map(kind.parse, api.request("GET", kind.path).items)
            found += store.replace(kind.name, items, arrived=0.0)
    return found


def short(finding: Finding) -> Expected:
    kind, namespace, name = finding.cause
    return Expected(finding.check, kind, f"{namespace}/{name}" if namespace else name)


def flows(found: Round, change: Literal["gained", "lost"]) -> list[Flow]:
    """What the changes of a round did to flows, one after another."""
    return [
        flow
        for delta in found.deltas
        for flow in (delta.gained if change == "gained" else delta.lost)
    ]


def ends(flows: Iterable[Flow]) -> set[tuple[str, str]]:
    return {(flow.source, flow.target) for flow in flows}
