"""A real control plane on loopback: etcd, API server, controllers and, on demand, the scheduler.

    with ControlPlane() as controlplane:
        controlplane.api().apply(manifest)

It lives in a temporary folder and ends with its caller, however that ends (`supervisor.py`).
"""

import random
import secrets
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from cluster import commandlines
from cluster.api import Api
from cluster.etcd import Etcd
from cluster.kubeconfig import kubeconfig
from cluster.objects import text
from cluster.processes import Processes
from cluster.rest import ApiError, UnreachableError
from cluster.waiting import wait_for

_START_SECONDS = 60.0
_LOG_LINES = 15
_TOKEN_SECONDS = 24 * 3600
_MANAGER = "system:kube-controller-manager"
_SCHEDULER = "system:kube-scheduler"
_GROUPS = {"admin": "system:masters", _MANAGER: "", _SCHEDULER: ""}


class StartError(Exception):
    """Why a program of the control plane does not run, with the end of its log."""


class ControlPlane:
    """The control plane of a cluster without nodes and cloud: the stand-ins do what those do.

    `audited`: a user whose requests the API server writes to `audit_log`. `controllers`: without
    them objects stay as they were written, whoever should own them.
    """

    host = "127.0.0.1"

    def __init__(
        self, *, scheduler: bool = False, audited: str = "", controllers: bool = True
    ) -> None:
        self.port, self._etcd_port, self._peer_port = _free_ports(3)
        self.url = f"https://{self.host}:{self.port}"
        self._tokens = {user: secrets.token_urlsafe(16) for user in _GROUPS}
        self._scheduler = scheduler
        self._controllers = controllers
        self._audited = audited
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all programs and wait until they serve. Where that fails, nothing stays."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all programs and remove the folder."""
        self._open.close()

    @property
    def pids(self) -> dict[str, int]:
        """The pid of each running program and of the supervisor."""
        return self._processes.pids

    @property
    def ca(self) -> Path:
        """The certificates that the API server's own is verified with."""
        return self.folder / "pki" / "apiserver.crt"

    @property
    def audit_log(self) -> Path:
        """What the audited user asked for: JSON, a line when a request is answered."""
        return self.folder / "audit.log"

    def kubeconfig_for(self, namespace: str, service_account: str) -> Path:
        """A kubeconfig with a token of a service account, with the rights that RBAC gives it."""
        token = self._token(namespace, service_account)
        return self._kubeconfig(f"{namespace}.{service_account}", token)

    def service_account_dir(self, namespace: str, service_account: str) -> Path:
        """What a pod of the service account finds mounted: token, ca.crt and namespace."""
        mount = self.folder / "mounts" / namespace / service_account
        mount.mkdir(parents=True, exist_ok=True)
        (mount / "token").write_text(self._token(namespace, service_account))
        (mount / "ca.crt").write_bytes(self.ca.read_bytes())
        (mount / "namespace").write_text(namespace)
        return mount

    def kill_api_server(self) -> None:
        """End the API server as a crash would, with SIGKILL."""
        self._processes.kill("kube-apiserver")

    def start_api_server(self) -> None:
        """Start the API server, on the same port as ever, and wait until it is ready."""
        self._launch_api_server()
        self._await("kube-apiserver", self._ready)

    def _start(self) -> None:
        self._processes = Processes()
        self._open.callback(self._processes.close)
        self.folder = self._processes.folder
        self.etcd = Etcd(f"http://127.0.0.1:{self._etcd_port}")
        self._open.callback(self.etcd.close)
        argv = commandlines.etcd(self.folder, self._etcd_port, self._peer_port)
        self._processes.start("etcd", argv)
        self._launch_api_server()
        # The admin's credentials hold only when the server has made its certificate and key.
        self._await("kube-apiserver", self.ca.with_name("apiserver.key").exists)
        self.admin_kubeconfig = self._kubeconfig("admin", self._tokens["admin"])
        self.api = Api(self.admin_kubeconfig)
        self._open.callback(self.api.close)
        self._await("kube-apiserver", self._ready)
        if self._controllers:
            self._start_controllers()

    def _launch_api_server(self) -> None:
        tokens = self.folder / "tokens.csv"
        tokens.write_text(
            "".join(f'{self._tokens[user]},{user},{user},"{_GROUPS[user]}"\n' for user in _GROUPS)
        )
        argv = commandlines.api_server(self.folder, self.port, self._etcd_port, tokens)
        if self._audited:
            argv += commandlines.audit(self.audit_log, self._audited)
        self._processes.start("kube-apiserver", argv)

    def _start_controllers(self) -> None:
        credentials = self._kubeconfig(_MANAGER, self._tokens[_MANAGER])
        argv = commandlines.controller_manager(self.folder, credentials)
        self._processes.start("kube-controller-manager", argv)
        if self._scheduler:
            credentials = self._kubeconfig(_SCHEDULER, self._tokens[_SCHEDULER])
            self._processes.start("kube-scheduler", commandlines.scheduler(credentials))
        self._await("kube-controller-manager", self._default_service_account)

    def _ready(self) -> bool:
        try:
            return bool(self.api.request("GET", "/readyz"))
        except (ApiError, UnreachableError):
            return False

    def _default_service_account(self) -> bool:
        """Without it the API server takes no pods."""
        try:
            return bool(self.api.get("v1", "ServiceAccount", "default", "default"))
        except ApiError:
            return False

    def _await(self, program: str, ready: Callable[[], bool]) -> None:
        """Wait until a program is ready, or raise with the log of the one that is at fault."""

        def ready_or_ended() -> bool:
            for name, code in self._processes.ended().items():
                raise StartError(f"{name} ended with exit code {code}:\n{self._log_end(name)}")
            return ready()

        try:
            wait_for(ready_or_ended, f"{program} is ready", _START_SECONDS)
        except TimeoutError as error:
            raise StartError(f"{error}:\n{self._log_end(program)}") from None

    def _log_end(self, program: str) -> str:
        lines = self._processes.log(program).read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])

    def _token(self, namespace: str, service_account: str) -> str:
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS},
        }
        path = self.api.path("v1", "ServiceAccount", namespace, service_account, "token")
        return text(self.api.request("POST", path, body=request).body, "status", "token")

    def _kubeconfig(self, user: str, token: str) -> Path:
        path = self.folder / f"{user.replace(':', '.')}.kubeconfig"
        path.write_text(kubeconfig(self.url, self.ca, user, token))
        return path


def _free_ports(count: int) -> list[int]:
    """Ports below those of outgoing connections: none takes one while its server is down."""
    ports: set[int] = set()
    while len(ports) < count:
        port = random.randrange(20000, 30000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                ports.add(port)
    return list(ports)
