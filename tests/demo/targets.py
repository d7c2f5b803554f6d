"""Where the demo plays: a control plane of its own, or a kind cluster."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster.api import Api
from cluster.build import controlplane
from cluster.controlplane import ControlPlane
from demo import samples
from demo.settled import await_settled
from demo.world import sample_world
from deploy import kind
from live.identity import install_identity
from live.operatorprocess import Operator


@dataclass(frozen=True)
class Target:
    """A cluster that holds the sample world, for its administrator, and how to begin the audit.

    `complete`: all that the samples promise must come true there.
    """

    api: Api
    kubeconfig: Path
    operator: Operator
    complete: bool


@contextmanager
def local() -> Iterator[Target]:
    """A real control plane on loopback, with stand-ins for kubelets and cloud."""
    controlplane()
    with ControlPlane() as running, sample_world(running.api):
        command = install_identity(running.api)
        kubeconfig = running.kubeconfig_for(command.namespace, command.service_account)
        operator = Operator(command, kubeconfig)
        yield Target(running.api, running.admin_kubeconfig, operator, complete=True)


@contextmanager
def in_kind() -> Iterator[Target]:
    """A kind cluster, which stays. The operator runs here, as its administrator."""
    kind.require_docker()
    kind.create()
    asked = [str(kind.kind()), "get", "kubeconfig", "--name", kind.CLUSTER]
    config = subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout
    with tempfile.NamedTemporaryFile("w", suffix=".kubeconfig") as file:
        file.write(config)
        file.flush()
        path = Path(file.name)
        api = Api(path)
        samples.apply(api, samples.base())
        await_settled(api, cloud=False, seconds=180.0)
        yield Target(api, path, Operator(install_identity(api), path), complete=False)
