"""A small synchronous client of the API server for tests and the demo: kinds and verbs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import urllib3

from cluster.objects import KubeObject, dig, objects, text
from cluster.rest import Answer, ApiError, Rest, UnreachableError, reaching

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class Watch:
    """The events of a watch, as (type, object); an ERROR event is raised as ApiError."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response
        self._closed = False

    def __iter__(self) -> Iterator[tuple[str, KubeObject]]:
        try:
            with reaching():
                yield from (_event(line) for line in self._response)
        except (UnreachableError, ValueError, AttributeError):
            # The last two come from a TLS socket that another thread shuts while it is read.
            if not self._closed:
                raise

    def close(self) -> None:
        """End the watch, from any thread; the iteration then ends too."""
        self._closed = True
        with suppress(OSError, ValueError, RuntimeError):  # it has ended already
            self._response.shutdown()


def _event(line: bytes) -> tuple[str, KubeObject]:
    event = json.loads(line)
    if event["type"] == "ERROR":
        raise ApiError(event["object"])
    return event["type"], event["object"]


class Api(Rest):
    """The verbs of the API for objects of any kind that the server has."""

    def __init__(self, kubeconfig: Path, context: str | None = None) -> None:
        super().__init__(kubeconfig, context)
        self._plurals: dict[tuple[str, str], tuple[str, bool]] = {}

    def apply(
        self, manifest: KubeObject, *, manager: str = "reachaudit-tests", subresource: str = ""
    ) -> Answer:
        """Server-side apply, with force; `subresource` may be `status`."""
        path = self._path_of(manifest, subresource)
        query = {"fieldManager": manager, "force": "true"}
        return self.request("PATCH", path, query=query, body=manifest, media_type=_APPLY)

    def create(self, manifest: KubeObject, *, subresource: str = "") -> Answer:
        """Create an object, whose `generateName` is honoured, or post to a subresource."""
        path = self._path_of(manifest, subresource)
        if not subresource:
            path = path.removesuffix("/" + text(manifest, "metadata", "name"))
        return self.request("POST", path, body=manifest)

    def get(self, api_version: str, kind: str, name: str, namespace: str = "default") -> Answer:
        """Read one object."""
        return self.request("GET", self.path(api_version, kind, namespace, name))

    def list(self, api_version: str, kind: str, namespace: str = "", **query: str) -> Answer:
        """Read all objects of a kind, of one namespace or of all; `query` may select labels."""
        return self.request("GET", self.path(api_version, kind, namespace), query=query)

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str = "default",
        *,
        change: KubeObject,
        subresource: str = "",
    ) -> Answer:
        """Merge `change` into an object (JSON merge patch: null removes a field)."""
        path = self.path(api_version, kind, namespace, name, subresource)
        return self.request("PATCH", path, body=change, media_type=_MERGE)

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str = "default",
        *,
        options: KubeObject | None = None,
    ) -> Answer:
        """Delete one object; `options` are DeleteOptions such as gracePeriodSeconds."""
        path = self.path(api_version, kind, namespace, name)
        return self.request("DELETE", path, body=options or {})

    @contextmanager
    def watch(
        self, api_version: str, kind: str, namespace: str = "", **query: str
    ) -> Iterator[Watch]:
        """Watch a kind; without `resourceVersion` the present objects come first, then a bookmark.

        The bookmark carries the annotation `k8s.io/initial-events-end`.
        """
        query |= {"watch": "true", "allowWatchBookmarks": "true"}
        if "resourceVersion" not in query:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        path = self.path(api_version, kind, namespace)
        with self.stream(path, query) as response:
            yield Watch(response)

    def path(
        self,
        api_version: str,
        kind: str,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
    ) -> str:
        """The URL path of a kind's objects, of one object or of its subresource."""
        plural, namespaced = self._resource(api_version, kind)
        where = f"namespaces/{namespace}" if namespaced and namespace else ""
        parts = (_group_path(api_version), where, plural, name, subresource)
        return "/".join(part for part in parts if part)

    def _path_of(self, manifest: KubeObject, subresource: str) -> str:
        namespace = text(manifest, "metadata", "namespace") or "default"
        api_version, kind = text(manifest, "apiVersion"), text(manifest, "kind")
        name = text(manifest, "metadata", "name")
        return self.path(api_version, kind, namespace, name, subresource)

    def _resource(self, api_version: str, kind: str) -> tuple[str, bool]:
        if (api_version, kind) not in self._plurals:
            served = self.request("GET", _group_path(api_version)).body
            for each in objects(served, "resources"):
                if "/" not in text(each, "name"):
                    known = (text(each, "name"), dig(each, "namespaced") is True)
                    self._plurals[api_version, text(each, "kind")] = known
        try:
            return self._plurals[api_version, kind]
        except KeyError:
            message = f"the server has no {kind} in {api_version}"
            raise ApiError({"code": 404, "reason": "NotFound", "message": message}) from None


def _group_path(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
