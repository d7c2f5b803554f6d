"""What it means that the API server refuses a kind: it is absent, unread, or it passes."""

from reachaudit.kube.client import Client
from reachaudit.kube.errors import ApiError
from reachaudit.model.kinds import Kind
from reachaudit.watch.access import is_served
from reachaudit.watch.faults import Fault
from reachaudit.watch.unread import Unread

PASSING_SECONDS = 10.0  # right after its start an API server may refuse what it will allow
_NEVER = float("inf")


class Refusals:
    """The refusals of one kind, as long as there is nothing else between them."""

    def __init__(self, client: Client, kind: Kind) -> None:
        self._client = client
        self._kind = kind
        self._since = _NEVER

    def over(self) -> None:
        """The kind was listed."""
        self._since = _NEVER

    async def judged(self, fault: Fault, now: float, *, listed: bool) -> Unread | None:
        """What a fault says of the kind: that it may not be read, or is not served; None: neither.

        `listed`: there are objects, which are not given up for a refusal that may pass.
        """
        if not isinstance(fault, ApiError) or fault.status not in (403, 404):
            self._since = _NEVER
            return None
        self._since = min(self._since, now)
        served = await self._is_served(fault.status)
        if served and fault.status == 404:
            return None
        absent = self._kind.optional and not served
        passing = listed and now - self._since < PASSING_SECONDS
        return None if passing and not absent else Unread(self._kind, served)

    async def _is_served(self, status: int) -> bool:
        if self._kind.optional and status == 404:
            return False
        # RBAC answers before anyone looks whether there is such a kind.
        return await is_served(self._client, self._kind)
