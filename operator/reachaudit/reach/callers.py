"""Callers: the clients of a zone before an entry, and what becomes of each there."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from msgspec.structs import replace

from reachaudit.model.facts import Node
from reachaudit.model.ip import Family
from reachaudit.reach.facing import Facing
from reachaudit.reach.identity import Identity
from reachaudit.reach.outside import Outside
from reachaudit.reach.party import Party
from reachaudit.reach.telling import Telling
from reachaudit.reach.verdict import Outcome, PathVerdict, Reason, client_chooses
from reachaudit.reach.zones import Zone

PASSING = (Outcome.ALLOW, Outcome.PARTIAL)


class Entry:
    """The clients of a zone before one entry; they are judged once, and only if asked for."""

    def __init__(
        self,
        clients: Sequence[Party],
        judge: Callable[[Party], PathVerdict],
        telling: Telling,
        best: Callable[[], PathVerdict] | None = None,
    ) -> None:
        """`clients`: one for each signature. `best`: where that is known already."""
        self.clients, self.judge, self._telling, self._best = clients, judge, telling, best

    @cached_property
    def each(self) -> list[tuple[Party, PathVerdict]]:
        """What becomes of each client."""
        return [
            (client, path)
            for clients, path in self._telling.parties(self.clients, self.judge)
            for client in clients
        ]

    @cached_property
    def best(self) -> PathVerdict:
        """What becomes of the client that fares best."""
        if self._best is not None:
            return self._best()
        return client_chooses(path for _, path in self._telling.parties(self.clients, self.judge))


class Callers:
    """Brings the clients of zones before entries."""

    def __init__(self, identity: Identity, outside: Outside, facing: Facing) -> None:
        self._identity, self._outside, self.facing = identity, outside, facing

    def before(
        self,
        zone: Zone,
        family: Family,
        judge: Callable[[Party], PathVerdict],
        best: Callable[[], PathVerdict] | None = None,
    ) -> Entry:
        """A zone's clients before an entry. `best`: of whom fares best, where that is known."""
        return Entry(self._outside.zone(zone, family), judge, self._identity.telling, best)

    def by_some_node(self, zone: Zone, family: Family, path: PathVerdict) -> PathVerdict:
        """A way by whichever node a zone can dial; maybe it can dial none."""
        nodes = self._identity.nodes.values()
        sure = any(self.facing.surely(zone, family, [node]) for node in nodes)
        return _if(sure, path)

    def by_each_node(
        self, zone: Zone, family: Family, nodes: Iterable[Node], path: PathVerdict
    ) -> PathVerdict:
        """A way by any of these nodes, whichever it is that is meant."""
        return _if(self.facing.surely(zone, family, nodes), path)


def _if(sure: bool, path: PathVerdict) -> PathVerdict:
    """A way by nodes; UNKNOWN where it is not sure that they can be dialled."""
    if sure or path.outcome not in PASSING:
        return path
    note = "the addresses of nodes are not known"
    return replace(path, outcome=Outcome.UNKNOWN, reason=Reason.NODE_ADDRESS, note=note)
