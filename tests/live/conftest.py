"""What the live tests share: control planes with nodes, namespaces, and operators at work."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cluster.controlplane import ControlPlane
from cluster.kubelets import Kubelets
from cluster.namespaces import create_namespace
from cluster.rest import ApiError
from live.faultyproxy import FaultyProxy
from live.grants import Grant, granting
from live.stage import Stage, open_stage
from live.watched import Watched, is_watch, until, watched
from reachaudit.kube import backoff
from reachaudit.model.kinds import NETWORK_POLICY


@pytest.fixture(scope="session")
def controlplane() -> Iterator[ControlPlane]:
    """The control plane of the session."""
    with ControlPlane() as running:
        yield running


@pytest.fixture(scope="session")
def kubelets(controlplane: ControlPlane) -> Iterator[Kubelets]:
    """Two nodes, the first with an ExternalIP, on which pods run."""
    with Kubelets(controlplane.api, external=1) as running:
        yield running


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[Callable[[str], str]]:
    """Creates namespaces, which are deleted after the test."""
    created: list[str] = []

    def create(prefix: str) -> str:
        created.append(create_namespace(controlplane.api, prefix))
        return created[-1]

    yield create
    for name in created:
        with suppress(ApiError):  # the test may have deleted it
            controlplane.api.delete("v1", "Namespace", name)


@pytest.fixture
def without(controlplane: ControlPlane, namespace: Callable[[str], str]) -> Iterator[Grant]:
    """Kubeconfigs of a user who may read all kinds but those named."""
    with granting(controlplane, namespace("user")) as grant:
        yield grant


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """A small cluster of its own, and an operator at work in it."""
    with open_stage() as running:
        yield running


@pytest.fixture
async def proxy(
    controlplane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FaultyProxy]:
    """A proxy that spoils answers, and reflectors that do not wait long after a fault."""
    monkeypatch.setattr(backoff, "LONGEST", 0.2)
    async with FaultyProxy(controlplane.admin_kubeconfig) as running:
        yield running


@pytest.fixture
async def it(proxy: FaultyProxy, tmp_path: Path) -> AsyncIterator[Watched]:
    """A reflector of NetworkPolicies behind the proxy, with its watch open."""
    async with watched(proxy.kubeconfig(tmp_path), [NETWORK_POLICY]) as running:
        await running.synced()
        await until(lambda: any(map(is_watch, proxy.requests)), "the watch is open")
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the operator wrote, where a test fails."""
    report = yield
    stage = item.funcargs.get("stage") if isinstance(item, pytest.Function) else None
    if report.failed and report.when == "call" and isinstance(stage, Stage):
        report.sections.append(("Log of the operator", stage.operator.log))
    return report
