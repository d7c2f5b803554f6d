"""Several operators, one after another and side by side: what is told is told once.

Each test has a cluster of its own, for findings are told to the whole of it.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chart.deployment import OperatorCommand
from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.namespaces import create_namespace
from cluster.objects import text
from cluster.waiting import wait_for
from live.identity import install_identity
from live.operatorprocess import Operator
from live.props import service
from live.transitions import Transition, events, transitions

pytestmark = pytest.mark.live

HOME = "reachaudit"
LEASE_SECONDS = 15  # it lasts 10 seconds, is asked for every other, and a memory is read


class Deployment:
    """Operators with one identity and names of their own."""

    def __init__(self, controlplane: ControlPlane) -> None:
        self.api = controlplane.api
        self._command = install_identity(self.api)
        self._kubeconfig = controlplane.kubeconfig_for(HOME, self._command.service_account)
        self.namespace = create_namespace(self.api, "shop")

    def operator(self, name: str, *, standby: bool = False) -> Operator:
        env = {**self._command.env, "POD_NAME": name}
        command: OperatorCommand = replace(self._command, env=env)
        return Operator(command, Path(self._kubeconfig), standby=standby)

    def break_(self, name: str) -> None:
        """A Service with nothing behind it."""
        self.api.create(service(self.namespace, name, "none"))

    def mend(self, name: str) -> None:
        self.api.delete("v1", "Service", name, self.namespace)

    def told(self) -> Counter[tuple[str, str]]:
        """How often each transition was told: `Opened`, `RA022 Service/web`."""
        found: Counter[Transition] = transitions(self.api, self.namespace)
        return Counter({(action, what): n for (action, what, _), n in found.items()})

    def at_home(self) -> list[str]:
        """What is told of the audit itself."""
        return [text(each, "reason") for each in events(self.api, HOME)]


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with ControlPlane() as running:
        yield Deployment(running)


def since(operator: Operator) -> dict[str, str]:
    """When each finding opened, by its cause."""
    return {text(each, "cause", "name"): text(each, "since") for each in operator.findings()}


def opened(*names: str) -> dict[tuple[str, str], int]:
    return {("Opened", f"RA022 Service/{name}"): 1 for name in names}


def closed(*names: str) -> dict[tuple[str, str], int]:
    return {("Closed", f"RA022 Service/{name}"): 1 for name in names}


def test_where_the_leader_is_killed_the_standby_goes_on_and_repeats_nothing(
    deployment: Deployment,
) -> None:
    deployment.break_("there-before")
    with deployment.operator("one") as one, deployment.operator("two", standby=True) as two:
        assert (one.readiness(), two.readiness()) == ("ok\n", "ok, standing by\n")
        assert one.metrics().value("reachaudit_leader") == 1
        assert two.metrics().value("reachaudit_leader") == 0
        deployment.break_("web")
        deployment.break_("gone")
        wait_for(lambda: deployment.told() == opened("web", "gone"), "it is told")
        wait_for(lambda: len(two.findings()) == 3, "the standby knows it as well")
        assert one.metrics().by("reachaudit_findings", "check")
        assert not two.metrics().by("reachaudit_findings", "check")
        before, killed = since(one), time.monotonic()
        one.kill()
        deployment.mend("gone")
        deployment.break_("late")
        wait_for(lambda: two.readiness() == "ok\n", "the standby leads", LEASE_SECONDS + 5)
        assert time.monotonic() - killed < LEASE_SECONDS
        expected = opened("web", "gone", "late") | closed("gone")
        wait_for(lambda: deployment.told() == expected, "the rest is told")
        assert since(two)["there-before"] == before["there-before"]
        assert two.metrics().value("reachaudit_findings", check="RA022", severity="medium") == 3
        assert sorted(deployment.at_home()) == ["Baseline", "Resumed"]
    # It ends with all told, and nothing twice.
    assert deployment.told() == expected


def test_a_restart_repeats_nothing_and_loses_no_time(deployment: Deployment) -> None:
    deployment.break_("there-before")
    with deployment.operator("one") as operator:
        deployment.break_("stays")
        deployment.break_("goes")
        wait_for(lambda: deployment.told() == opened("stays", "goes"), "it is told")
        before = since(operator)
    deployment.mend("goes")
    deployment.break_("comes")
    began = time.monotonic()
    with deployment.operator("two") as operator:
        assert time.monotonic() - began < LEASE_SECONDS  # what ends in peace is not waited for
        expected = opened("stays", "goes", "comes")
        wait_for(lambda: deployment.told() == expected, "the news are told")
        assert {name: since(operator)[name] for name in ("there-before", "stays")} == {
            name: before[name] for name in ("there-before", "stays")
        }
        told = {text(each, "reason"): text(each, "note") for each in events(deployment.api, HOME)}
        assert told["Resumed"].endswith("UTC: 1 opened, 1 closed.")
    assert deployment.told() == expected


def test_a_memory_that_was_lost_or_spoiled_costs_one_new_baseline(deployment: Deployment) -> None:
    deployment.break_("web")
    with deployment.operator("one"):
        memory = wait_for(lambda: _memories(deployment.api), "the memory is kept")
    deployment.api.patch("v1", "ConfigMap", memory[0], HOME, change={"data": {"memory.json": "{"}})
    deployment.break_("other")  # an equal Event would be no other
    with deployment.operator("two") as operator:
        wait_for(lambda: deployment.at_home() == ["Baseline"] * 2, "the audit begins anew")
        [complaint] = operator.complaints()
        assert complaint.startswith(f"ConfigMap {memory[0]}, memory.json cannot be read")
        deployment.break_("late")
        wait_for(lambda: deployment.told() == opened("late"), "it goes on")


def _memories(api: Api) -> list[str]:
    names = [text(each, "metadata", "name") for each in api.list("v1", "ConfigMap", HOME).items]
    return [name for name in names if name.startswith("reachaudit-memory-")]
