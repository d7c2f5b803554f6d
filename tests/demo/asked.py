"""The operator of the demo: it also waits for rounds, and says where it serves what."""

from collections.abc import Mapping, Sequence

import urllib3

from cluster.objects import KubeObject, text
from live.operatorprocess import _FINDINGS as FINDINGS
from live.operatorprocess import _METRICS as METRICS
from live.operatorprocess import Operator


class AskedOperator(Operator):
    """An operator that people ask."""

    @property
    def urls(self) -> Mapping[str, str]:
        """What it serves, and where."""
        return {"metrics": f"{self._address(METRICS)}/metrics", "findings": self._address(FINDINGS)}

    def complaints(self) -> Sequence[str]:
        """Warnings and errors of the log."""
        grave = ("warning", "error", "critical")
        return [text(each, "message") for each in self.records if text(each, "level") in grave]

    def ask(self, path: str, seconds: float = 10.0) -> KubeObject | None:
        """A document of `/api/v1`; None where none came in time."""
        url = self._address(FINDINGS).removesuffix("/api/v1/findings") + path
        try:
            found: KubeObject = self._http.request("GET", url, timeout=seconds).json()
        except urllib3.exceptions.TimeoutError:
            return None
        return found
