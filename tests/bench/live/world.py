"""A control plane that holds a generated cluster, and who the operator is in it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.live.stored import load
from chart.deployment import OperatorCommand
from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.objects import dig
from cluster.waiting import wait_for
from live.identity import install_identity
from reachaudit.model.facts import Fact, NetworkPolicy, Pod
from reachaudit.model.kinds import NETWORK_POLICY, POD, Kind

_SERVED_SECONDS = 300.0


@dataclass(frozen=True)
class World:
    """A control plane without controllers, and what the operator runs as."""

    controlplane: ControlPlane
    command: OperatorCommand
    kubeconfig: Path


@contextmanager
def world(facts: Iterable[Fact]) -> Iterator[World]:
    """Write the objects straight into etcd, and wait until the API server has them all."""
    known = list(facts)
    with ControlPlane(controllers=False) as running:
        command = install_identity(running.api)
        kubeconfig = running.kubeconfig_for(command.namespace, command.service_account)
        load(running.etcd, known)
        for kind, fact in ((POD, Pod), (NETWORK_POLICY, NetworkPolicy)):
            number = sum(isinstance(each, fact) for each in known)
            what = f"the API server has {number} {kind.resource}"
            wait_for(partial(_has, running.api, kind, number), what, _SERVED_SECONDS)
        yield World(running, command, kubeconfig)


def _has(api: Api, kind: Kind, number: int) -> bool:
    found = api.list(kind.api_version, kind.name, limit="1")
    left = dig(found.body, "metadata", "remainingItemCount")
    return len(found.items) + (left if isinstance(left, int) else 0) == number
