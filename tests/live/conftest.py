"""What the live tests share: one control plane with nodes, and namespaces of their own."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from cluster.controlplane import ControlPlane
from cluster.kubelets import Kubelets
from cluster.namespaces import create_namespace
from cluster.rest import ApiError


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
