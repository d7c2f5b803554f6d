"""etcd's JSON gateway: changes behind the API server's back, and an end to its history."""

import base64
import json
from collections.abc import Mapping

import urllib3

# Where the API server's storage names a resource otherwise than the API does.
_STORED_AS = {
    "endpoints": "services/endpoints",
    "ingresses": "ingress",
    "nodes": "minions",
    "services": "services/specs",
}


def registry_key(resource: str, *path: str) -> str:
    """The key of an object: `registry_key("pods", "shop", "web-1")`.

    Custom resources need their group: `registry_key("cilium.io/ciliumnetworkpolicies", "shop")`.
    A shorter path, with `prefix=True`, means all below it.
    """
    return "/".join(("/registry", _STORED_AS.get(resource, resource), *path))


class Etcd:
    """A client of the control plane's etcd."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(retries=False, timeout=60)

    def get(self, key: str) -> bytes | None:
        """The value of a key."""
        found = self._call("kv/range", {"key": _encoded(key)})
        values = found.get("kvs")
        return base64.b64decode(values[0]["value"]) if isinstance(values, list) else None

    def put(self, key: str, value: bytes) -> None:
        """Write a value: an object as JSON is good, though the API server writes protobuf."""
        self._call("kv/put", _put(key, value))

    def write(self, values: Mapping[str, bytes | None]) -> None:
        """Put values, and delete the keys that have none, in one transaction: 128 at most."""
        operations = [_operation(key, value) for key, value in values.items()]
        self._call("kv/txn", {"success": operations})

    def delete(self, key: str, *, prefix: bool = False) -> int:
        """Delete a key, or all that lie below it; the number of keys deleted."""
        request = {"key": _encoded(key)}
        if prefix:  # up to "0", the character that follows "/"
            request = {"key": _encoded(f"{key}/"), "range_end": _encoded(f"{key}0")}
        return int(str(self._call("kv/deleterange", request).get("deleted", 0)))

    def compact(self) -> int:
        """Forget all history up to now; the revision that is the oldest from here on."""
        header = self._call("kv/range", {"key": _encoded("/")})["header"]
        assert isinstance(header, Mapping)
        revision = int(header["revision"])
        self._call("kv/compaction", {"revision": revision, "physical": True})
        return revision

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _call(self, path: str, request: Mapping[str, object]) -> Mapping[str, object]:
        body = json.dumps(request)
        response = self._pool.request("POST", f"{self._url}/v3/{path}", body=body)
        if response.status != 200:
            raise RuntimeError(f"etcd refused {path}: {response.data.decode(errors='replace')}")
        answer: Mapping[str, object] = json.loads(response.data)
        return answer


def _operation(key: str, value: bytes | None) -> Mapping[str, object]:
    if value is None:
        return {"requestDeleteRange": {"key": _encoded(key)}}
    return {"requestPut": _put(key, value)}


def _put(key: str, value: bytes) -> Mapping[str, object]:
    return {"key": _encoded(key), "value": base64.b64encode(value).decode()}


def _encoded(key: str) -> str:
    return base64.b64encode(key.encode()).decode()
