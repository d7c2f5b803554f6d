"""A live cluster read once: every kind listed, nothing watched."""

import asyncio
from collections.abc import Sequence

from reachaudit.kube.backoff import Backoff
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.errors import ApiError, ClusterError, Malformed, Unreachable, one_line
from reachaudit.model.kinds import KINDS, Kind
from reachaudit.model.parse import Item
from reachaudit.model.store import Facts
from reachaudit.watch.access import check_server, forbidden, is_served
from reachaudit.watch.pages import pages
from reachaudit.watch.snapshot import Problem, Snapshot
from reachaudit.watch.unread import Grounds, Unread, consequence, plural, stand_ins, told

RETRIES = 3
# 410: history was cut while a long list was read.
_PASSING = (410, 429, 500, 502, 503, 504)


async def read(credentials: Credentials, kinds: Sequence[Kind] = KINDS) -> Snapshot:
    """What a cluster holds. Raises ClusterError where it cannot be read, or no verdict could be."""
    async with await Client.connect(credentials) as client:
        server = one_line(client.login.server)
        try:
            await check_server(client)
            found = await _all(client, kinds)
        except Unreachable as error:
            raise ClusterError(f"There is {error}.") from error
        except Malformed as error:
            raise ClusterError(f"The API server at {server} gives {one_line(error)}.") from error
        except ApiError as error:
            raise ClusterError(f"The API server at {server} answers {error}.") from error
        unread = [each for each in found if isinstance(each, Unread)]
        _check(client, unread)
        items = [item for each in found if not isinstance(each, Unread) for item in each]
        return _snapshot(items, unread, client.source)


def _check(client: Client, unread: Sequence[Unread]) -> None:
    """Raise ClusterError where kinds lack that every verdict needs."""
    needed = [each for each in unread if consequence(each.kind) is None]
    if refused := [each.kind for each in needed if each.served]:
        raise forbidden(client, refused)
    if needed:
        names = ", ".join(plural(each.kind) for each in needed)
        server = one_line(client.login.server)
        raise ClusterError(f"The API server at {server} does not serve {names}.")


def _snapshot(items: Sequence[Item], unread: Sequence[Unread], source: str) -> Snapshot:
    read = [item.fact for item in items if item.fact is not None]
    grounds = Grounds(read)
    facts = Facts([*read, *(fact for each in unread for fact in stand_ins(each, grounds))])
    wrong = (Problem(text, item.ref) for item in items for text in item.problems)
    return Snapshot(facts, (*(Problem(told(each, source)) for each in unread), *wrong))


async def _all(client: Client, kinds: Sequence[Kind]) -> list[list[Item] | Unread]:
    """The objects of each kind, listed side by side; the first fault ends all."""
    try:
        async with asyncio.TaskGroup() as tasks:
            listed = [tasks.create_task(_objects(client, kind)) for kind in kinds]
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from None
    return [task.result() for task in listed]


async def _objects(client: Client, kind: Kind) -> list[Item] | Unread:
    """All objects of a kind, as they are at one moment."""
    try:
        return await _listed(client, kind)
    except ApiError as error:
        if error.status not in (403, 404):
            raise
    known = await is_served(client, kind)  # RBAC answers before anyone looks for such a kind
    return [] if kind.optional and not known else Unread(kind, known)


async def _listed(client: Client, kind: Kind) -> list[Item]:
    """The same; faults that may pass are given some time to."""
    backoff = Backoff()
    while True:
        try:
            items = list[Item]()
            async for page in pages(client, kind):
                items += map(kind.parse, page.items or ())
            return items
        except (ApiError, Unreachable) as fault:
            if backoff.tries >= RETRIES or not _passes(fault):
                raise
            wait = fault.retry_after if isinstance(fault, ApiError) else 0.0
            await asyncio.sleep(backoff.delay(wait))


def _passes(fault: ApiError | Unreachable) -> bool:
    return isinstance(fault, Unreachable) or fault.status in _PASSING
