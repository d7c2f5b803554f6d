"""Lists of a kind's objects, page by page."""

from collections.abc import AsyncIterator, Mapping

from reachaudit.kube.client import Client
from reachaudit.model.kinds import Kind
from reachaudit.watch import wire

PAGE = "500"


async def page(client: Client, kind: Kind, params: Mapping[str, str]) -> wire.Page:
    """One page. Raises ApiError, Unreachable or Malformed."""
    return wire.page_of(await client.get(kind.path, params, wire.list_accept(kind)))


async def pages(client: Client, kind: Kind) -> AsyncIterator[wire.Page]:
    """All pages of a list: they tell what there was at one moment. Raises as `page` does."""
    params = {"limit": PAGE}
    while True:
        found = await page(client, kind, params)
        yield found
        if not found.metadata.next:
            return
        params = {"limit": PAGE, "continue": found.metadata.next}
