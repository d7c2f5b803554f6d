"""The operator as a process of its own, that is asked what it knows and stopped as a pod is."""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import urllib3

from chart.deployment import OperatorCommand
from cluster.objects import KubeObject, dig, objects, text
from cluster.processes import Processes
from cluster.waiting import wait_for
from live.exposition import Exposition

_NAME = "operator"
_METRICS, _FINDINGS = "metrics and health on ", "findings on "


def whole(value: object, *path: str | int) -> int:
    """The whole number at `path` in a JSON document."""
    found = dig(value, *path)
    assert isinstance(found, int), found
    return found


class Operator:
    """`reachaudit run` with the arguments and environment of its pod, on free ports of loopback.

    `standby`: it need not lead to be ready. `before`: what Python does in it first. `seconds`,
    `stop_seconds`: how long its start and its end may take. `started`: called when there is a
    process.
    """

    def __init__(
        self,
        command: OperatorCommand,
        kubeconfig: Path,
        *,
        standby: bool = False,
        before: str = "pass",
        seconds: float = 30.0,
        stop_seconds: float = 10.0,
        started: Callable[[], object] = lambda: None,
    ) -> None:
        self._seconds, self._stop_seconds, self._started = seconds, stop_seconds, started
        program, *arguments = command.argv
        environment = [f"{name}={value}" for name, value in command.env.items()]
        start = f"{before}\nimport runpy; runpy.run_module({program!r}, run_name='__main__')"
        # Of a flag that is given twice, the last counts.
        local = ("--listen=127.0.0.1:0", "--api-listen=127.0.0.1:0", f"--kubeconfig={kubeconfig}")
        self._argv = ["env", *environment, sys.executable, "-c", start, *arguments, *local]
        self._killed = False
        self._well = {"ok\n", "ok, standing by\n"} if standby else {"ok\n"}
        self._http = urllib3.PoolManager(retries=False, timeout=10)

    def __enter__(self) -> Self:
        self._processes = Processes()
        self._processes.start(_NAME, self._argv)
        try:
            self._started()
            wait_for(self._is_ready, "the operator is ready", self._seconds)
        except BaseException as error:
            error.add_note(self.log)
            self._processes.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._http.clear()
        try:
            assert self._killed or self._stopped() == 0, self.log
        finally:
            self._processes.close()

    def kill(self) -> None:
        """End it as a node that fails does: at once, and without a word."""
        self._processes.kill(_NAME)
        self._killed = True

    @property
    def pid(self) -> int:
        """Its process."""
        return self._processes.pids[_NAME]

    @property
    def log(self) -> str:
        """All that it has written to its standard output and error."""
        return self._processes.log(_NAME).read_text()

    @property
    def records(self) -> Sequence[KubeObject]:
        """The lines of the log, each of which must be a JSON object."""
        whole, _, _ = self.log.rpartition("\n")  # the last line may still be written
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def messages(self) -> Sequence[str]:
        """What the log says."""
        return [text(record, "message") for record in self.records]

    @property
    def memory(self) -> int:
        """The memory that it holds, in KiB."""
        status = Path(f"/proc/{self._processes.pids[_NAME]}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def metrics(self) -> Exposition:
        """What a scrape gives now."""
        response = self._get(self._address(_METRICS) + "/metrics")
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return Exposition(response.data.decode())

    def readiness(self) -> str:
        """What `/readyz` says."""
        return self._get(self._address(_METRICS) + "/readyz").data.decode()

    def findings(self) -> Sequence[KubeObject]:
        """The open findings."""
        return objects(self.ask("/api/v1/findings"), "findings")

    def rounds(self, after: int = 0) -> Sequence[KubeObject]:
        """The last rounds, the oldest first; those after a number alone."""
        found = objects(self.ask("/api/v1/rounds"), "rounds")
        return [each for each in found if whole(each, "number") > after]

    def round_number(self) -> int:
        """The number of the last round."""
        return whole(self.rounds()[-1], "number")

    @property
    def urls(self) -> Mapping[str, str]:
        """What it serves, and where."""
        return {
            "metrics": self._address(_METRICS) + "/metrics",
            "findings": self._address(_FINDINGS),
        }

    @property
    def health(self) -> str:
        """Where it says whether it lives; "" as long as it serves nothing."""
        address = self._address(_METRICS)
        return address and f"{address}/healthz"

    def complaints(self) -> Sequence[str]:
        """Warnings and errors of the log."""
        grave = ("warning", "error", "critical")
        return [text(each, "message") for each in self.records if text(each, "level") in grave]

    def ask(self, path: str, seconds: float = 10.0) -> KubeObject | None:
        """A document of `/api/v1`; None where none came in time."""
        url = self._address(_FINDINGS).removesuffix("/api/v1/findings") + path
        try:
            found: KubeObject = self._http.request("GET", url, timeout=seconds).json()
        except urllib3.exceptions.TimeoutError:
            return None
        return found

    def _is_ready(self) -> bool:
        if codes := self._processes.ended():
            raise ChildProcessError(f"the operator ended with exit code {codes[_NAME]}")
        if not self.health:
            return False
        try:
            return self.readiness() in self._well
        except urllib3.exceptions.TimeoutError:
            return False

    def _get(self, url: str) -> urllib3.BaseHTTPResponse:
        return self._http.request("GET", url)

    def _address(self, of: str) -> str:
        """A URL that the operator has told in its log, as the system chose the port; else ""."""
        return next((m.removeprefix(of) for m in self.messages if m.startswith(of)), "")

    def _stopped(self) -> int:
        """The exit code after a SIGTERM, or that with which it has ended before."""
        if not self._processes.ended():
            os.kill(self._processes.pids[_NAME], signal.SIGTERM)
        return wait_for(self._processes.ended, "the operator ends", self._stop_seconds)[_NAME]
