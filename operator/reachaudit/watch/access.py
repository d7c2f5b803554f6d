"""Whether the API server answers, and whether it lets us read what the audit needs."""

import asyncio
from collections.abc import Sequence

import msgspec

from reachaudit.kube.client import Client
from reachaudit.kube.errors import ApiError, ClusterError, Unreachable, one_line
from reachaudit.model.kinds import KINDS, Kind
from reachaudit.watch.unread import consequence, plural

CLUSTER_ROLE = "reachaudit"


class _Version(msgspec.Struct, rename="camel"):
    git_version: str


class _Resource(msgspec.Struct):
    name: str


class _Resources(msgspec.Struct):
    resources: list[_Resource]


async def check_access(client: Client, kinds: Sequence[Kind] = KINDS) -> None:
    """Raise ClusterError with one sentence where the audit cannot begin.

    It can without the kinds that verdicts may lack: they are UNKNOWN, and the watch says so.
    """
    needed = [kind for kind in kinds if consequence(kind) is None]
    try:
        await check_server(client)
        refused = await asyncio.gather(*(_is_refused(client, kind) for kind in needed))
    except Unreachable as error:
        raise ClusterError(f"There is {error}.") from error
    if missing := [kind for kind, no in zip(needed, refused, strict=True) if no]:
        raise forbidden(client, missing)


def forbidden(client: Client, kinds: Sequence[Kind]) -> ClusterError:
    """What to say where kinds that are needed may not be listed."""
    names = ", ".join(map(plural, kinds))
    message = f"The API server does not let {client.source} list {names}"
    return ClusterError(f"{message}: bind the ClusterRole {CLUSTER_ROLE} to its user.")


async def is_served(client: Client, kind: Kind) -> bool:
    """Whether the API server knows a kind, as its discovery says, which all may read."""
    try:
        body = await client.get(kind.path.rpartition("/")[0])
        known = msgspec.json.decode(body, type=_Resources).resources
    except ApiError as error:
        return error.status != 404
    except (Unreachable, msgspec.MsgspecError, UnicodeError):
        return True
    return any(resource.name == kind.resource for resource in known)


async def check_server(client: Client) -> None:
    """Raise ClusterError, or Unreachable, where no API server answers or it refuses us."""
    server = one_line(client.login.server)
    try:
        msgspec.json.decode(await client.get("/version"), type=_Version)
    except ApiError as error:
        if error.status == 401:
            message = f"The API server at {server} does not accept the credentials of"
            raise ClusterError(f"{message} {client.source}.") from error
        if error.status != 403:  # anonymous users may be kept from /version, and not from lists
            raise ClusterError(f"The API server at {server} answers {error}.") from error
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise ClusterError(f"{server} does not answer as a Kubernetes API server.") from error


async def _is_refused(client: Client, kind: Kind) -> bool:
    """Whether listing a kind is forbidden; other faults may pass and are the watch's concern."""
    try:
        await client.get(kind.path, {"limit": "1"})
    except ApiError as error:
        return error.status == 403
    return False
