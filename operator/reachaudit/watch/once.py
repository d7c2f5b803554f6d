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
from reachaudit.watch.access import check_server, forbidden, plural, served
from reachaudit.watch.pages import pages
from reachaudit.watch.snapshot import Problem, Snapshot
from reachaudit.watch.unread import Unread, consequence, stand_ins

RETRIES = 3
# 410: history was cut while a long list was read.
_PASSING = (410, 429, 500, 502, 503, 504)


async def read(credentials: Credentials, kinds: Sequence[Kind] = KINDS) -> Snapshot:
    """What a cluster holds. Raises ClusterError where it cannot be read, or no verdict could be."""
    async with await Client.connect(credentials) as client:
        try:
            await check_server(client)
            found = await asyncio.gather(*(_objects(client, kind) for kind in kinds))
        except (Unreachable, Malformed) as error:
            raise ClusterError(f"There is {one_line(error)}.") from error
        except ApiError as error:
            server = one_line(client.login.server)
            raise ClusterError(f"The API server at {server} answers {error}.") from error
        unread = [each for each in found if isinstance(each, Unread)]
        if needed := [each.kind for each in unread if consequence(each) is None]:
            raise forbidden(client, needed)
        items = [item for each in found if not isinstance(each, Unread) for item in each]
        return _snapshot(items, unread, client.source)


def _snapshot(items: Sequence[Item], unread: Sequence[Unread], source: str) -> Snapshot:
    facts = Facts(item.fact for item in items if item.fact is not None)
    whole = Facts(
        [
            *(item.fact for item in items if item.fact is not None),
            *(fact for each in unread for fact in stand_ins(each, facts)),
        ]
    )
    problems = [Problem(problem, item.ref) for item in items for problem in item.problems]
    hidden = [
        Problem(f"{source} may not list {plural(each.kind)}: {consequence(each)} (UNK-10)")
        for each in unread
    ]
    return Snapshot(whole, (*hidden, *problems))


async def _objects(client: Client, kind: Kind) -> list[Item] | Unread:
    """All objects of a kind, as they are at one moment."""
    try:
        return await _listed(client, kind)
    except ApiError as error:
        if error.status not in (403, 404):
            raise
    resource = await served(client, kind)  # RBAC answers before anyone looks for such a kind
    if resource is None and kind.optional:
        return []
    return Unread(kind, resource is None or resource.namespaced)


async def _listed(client: Client, kind: Kind) -> list[Item]:
    """The same; faults that may pass are given some time to."""
    backoff = Backoff()
    while True:
        try:
            listed = [page async for page in pages(client, kind)]
            return [kind.parse(raw) for page in listed for raw in page.items or ()]
        except ApiError as error:
            if error.status not in _PASSING or backoff.tries >= RETRIES:
                raise
            await asyncio.sleep(backoff.delay(error.retry_after))
        except Unreachable:
            if backoff.tries >= RETRIES:
                raise
            await asyncio.sleep(backoff.delay())
