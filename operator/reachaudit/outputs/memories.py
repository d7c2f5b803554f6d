"""Memory kept in ConfigMaps of the operator's namespace, as many as its size asks for.

`NAME-0` holds when it was saved, the checks that there were and the number of parts; each part
holds the findings whose fingerprints fall to it. A part is written only where it is another, and
only over the version that was read or written last: who lost the Lease without knowing it cannot
write over its successor.
"""

import logging
import re
from collections.abc import Iterator

import msgspec

from reachaudit.findings.memory import Memory
from reachaudit.kube.client import Client
from reachaudit.kube.errors import ApiError, Malformed, one_line

SCHEMA = "reachaudit.memory/v1"
KEY = "memory.json"
MOST = 20_000  # findings in a part, of 30 bytes each: a ConfigMap may have a MiB
_MOST_PARTS = 64
_FINGERPRINT = re.compile("[0-9a-f]{16}")
_LATEST = 1e11  # seconds since the epoch; later there are no dates

log = logging.getLogger(__name__)


class _Part(msgspec.Struct):
    schema: str
    parts: int
    since: dict[str, float]
    saved: float = 0.0
    checks: list[str] = []


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str


class _ConfigMap(msgspec.Struct):
    metadata: _Metadata
    data: dict[str, str] = {}


class Memories:
    """One memory on the API server. Every method raises ApiError, Unreachable or Malformed."""

    def __init__(self, client: Client, namespace: str, name: str) -> None:
        self._client, self._name = client, name
        self._path = f"/api/v1/namespaces/{namespace}/configmaps"
        self._versions: dict[int, str] = {}
        self._texts: dict[int, str] = {}
        self._parts = 1
        self._stale = False

    async def load(self) -> Memory | None:
        """What was kept; None where there is nothing, or nothing that can be read."""
        self._versions.clear()
        self._texts.clear()
        self._stale = False
        first = await self._read(0)
        if first is None:
            return None
        self._parts = min(max(first.parts, 1), _MOST_PARTS)
        since = _sound(first)
        for number in range(1, self._parts):
            part = await self._read(number)
            since |= _sound(part) if part else {}
        return Memory(first.saved, frozenset(first.checks), since)

    async def save(self, memory: Memory) -> None:
        """Keep this instead. The first part comes last: it says how many there are."""
        if self._stale:
            await self.load()
        while len(memory.since) > MOST * self._parts and self._parts < _MOST_PARTS:
            self._parts *= 2
        for number, text in reversed(list(_texts(memory, self._parts))):
            if text != self._texts.get(number):
                try:
                    await self._write(number, text)
                except ApiError as error:  # somebody deleted it, or wrote it as well
                    self._stale = error.status in (404, 409)
                    raise

    async def _read(self, number: int) -> _Part | None:
        try:
            body = await self._client.get(f"{self._path}/{self._named(number)}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        found = _config_map(body)
        self._versions[number] = found.metadata.resource_version
        self._texts[number] = found.data.get(KEY, "")
        try:
            part = msgspec.json.decode(self._texts[number], type=_Part)
        except (msgspec.MsgspecError, UnicodeError) as error:
            where = f"ConfigMap {self._named(number)}, {KEY}"
            log.warning("%s cannot be read and is begun anew: %s", where, one_line(error))
            return None
        return part if part.schema == SCHEMA else None

    async def _write(self, number: int, text: str) -> None:
        name, version = self._named(number), self._versions.get(number)
        metadata = {"name": name, "labels": {"app.kubernetes.io/managed-by": "reachaudit"}}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "data": {KEY: text}}
        if version is None:
            answer = await self._client.post(self._path, {**body, "metadata": metadata})
        else:
            metadata = {**metadata, "resourceVersion": version}
            answer = await self._client.put(f"{self._path}/{name}", {**body, "metadata": metadata})
        self._versions[number] = _config_map(answer).metadata.resource_version
        self._texts[number] = text

    def _named(self, number: int) -> str:
        return f"{self._name}-{number}"


def _config_map(body: bytes) -> _ConfigMap:
    try:
        return msgspec.json.decode(body, type=_ConfigMap)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise Malformed(f"a ConfigMap that cannot be read: {error}") from error


def _sound(part: _Part) -> dict[str, float]:
    """What is a finding's: whoever may write the ConfigMap may write anything."""
    return {
        print_: when
        for print_, when in part.since.items()
        if _FINGERPRINT.fullmatch(print_) and 0 <= when < _LATEST
    }


def _texts(memory: Memory, parts: int) -> Iterator[tuple[int, str]]:
    """The text of each part, in order; fingerprints are hexadecimal, and fall evenly."""
    since: list[dict[str, float]] = [{} for _ in range(parts)]
    for print_, when in sorted(memory.since.items()):
        since[int(print_, 16) % parts][print_] = round(when, 3)
    for number, own in enumerate(since):
        part = _Part(SCHEMA, parts, own)
        if number == 0:
            part.saved, part.checks = round(memory.saved, 3), sorted(memory.checks)
        yield number, msgspec.json.encode(part).decode()
