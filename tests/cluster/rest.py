"""Requests to the API server of a kubeconfig: JSON in, JSON and the time of the answer out."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient
from kubernetes.config import kube_config

from cluster.objects import KubeObject, dig, objects, text

JSON = "application/json"
_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_STREAM_TIMEOUT = urllib3.Timeout(connect=5, read=None)

# The official loader knows every kind of credentials, but has no types.
_load: Callable[[str, str | None], ApiClient] = kube_config.new_client_from_config


class ApiError(Exception):
    """The API server refused: its status code, reason and message."""

    def __init__(self, status: KubeObject) -> None:
        code = dig(status, "code")
        self.code = code if isinstance(code, int) else 0
        self.reason = text(status, "reason")
        super().__init__(f"{self.code} {self.reason}: {text(status, 'message')}")


class UnreachableError(Exception):
    """No answer came from the API server."""


@dataclass(frozen=True)
class Answer:
    """What the server answered, and the monotonic time at which the answer was there."""

    body: KubeObject
    at: float

    @property
    def items(self) -> Sequence[KubeObject]:
        """The objects of a list."""
        return objects(self.body, "items")


class Rest:
    """The API server of a kubeconfig, as the user of its current (or the named) context."""

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        self._client = _load(str(kubeconfig), context)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: KubeObject | None = None,
        media_type: str = JSON,
    ) -> Answer:
        """Any request: ApiError where the server refuses, UnreachableError where none answers."""
        sent = None if body is None else json.dumps(body)
        with reaching():
            response = self._client.rest_client.pool_manager.request(
                method,
                self._url(path, query or {}),
                body=sent,
                headers={**self._headers(), "Content-Type": media_type},
                timeout=_TIMEOUT,
                retries=False,
            )
        at = time.monotonic()
        return Answer(_accepted(response), at)

    @contextmanager
    def stream(self, path: str, query: Mapping[str, str]) -> Iterator[urllib3.BaseHTTPResponse]:
        """A GET whose answer comes bit by bit, for as long as the server likes."""
        with reaching():
            response = self._client.rest_client.pool_manager.request(
                "GET",
                self._url(path, query),
                headers=self._headers(),
                timeout=_STREAM_TIMEOUT,
                retries=False,
                preload_content=False,
            )
        try:
            if response.status >= 400:
                _accepted(response)
            yield response
        finally:
            response.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.rest_client.close()

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        return f"{self._client.configuration.host}{path}?{urlencode(query)}"

    def _headers(self) -> dict[str, str]:
        key: str | None = self._client.configuration.get_api_key_with_prefix(
            "BearerToken", alias="authorization"
        )
        return {"Accept": JSON} | ({"Authorization": key} if key else {})


@contextmanager
def reaching() -> Iterator[None]:
    """Give every way in which a connection can fail one name."""
    try:
        yield
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise UnreachableError(f"no answer from the API server: {error}") from error


def _accepted(response: urllib3.BaseHTTPResponse) -> KubeObject:
    """The JSON of an answer; plain text (`ok`, `Unauthorized` …) in the form of a Status."""
    try:
        found = json.loads(response.data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        message = response.data.decode(errors="replace").strip()
        found = {"kind": "Status", "code": response.status, "message": message}
    if response.status >= 400:
        raise ApiError(found)
    return found
