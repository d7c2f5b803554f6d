"""Stand-ins in the store: for kinds that may not be read, and true while others come and go."""

from collections.abc import Callable, Iterable

from reachaudit.model.facts import Fact
from reachaudit.model.parse import Item
from reachaudit.model.store import Change, Store
from reachaudit.watch.unread import Grounds, Unread, stand_ins

Sink = Callable[[list[Change]], None]


class StandIns:
    """Between the reflectors and the sink: the changes that they find, and those of stand-ins.

    A stand-in comes before what it keeps UNKNOWN, and goes after it: otherwise an answer would look
    sure for a moment.
    """

    def __init__(self, store: Store, sink: Sink) -> None:
        self._store = store
        self._sink = sink
        self._grounds = Grounds()
        self._unread: dict[str, Unread] = {}

    def offer(self, changes: list[Change]) -> None:
        """Hand changes of facts on, with what follows from them."""
        moved = [self._grounds.move(change.old, change.new) for change in changes]
        if self._unread and any(moved):
            arrived = changes[-1].arrived
            follow = [c for unread in self._unread.values() for c in self._renew(unread, arrived)]
            came = [change for change in follow if change.new is not None]
            went = [change for change in follow if change.new is None]
            changes = [*came, *changes, *went]
        if changes:
            self._sink(changes)

    def begin(self, unread: Unread, arrived: float) -> None:
        """Put stand-ins in the place of all that the store holds of a kind."""
        self._unread[unread.kind.name] = unread
        self.offer(_covered(self._renew(unread, arrived)))

    def replace(self, kind: str, items: Iterable[Item], arrived: float) -> None:
        """Make a kind's objects be just these; stand-ins for them are taken back."""
        changes = self._store.replace(kind, items, arrived)
        self.offer(_covered(changes) if self._unread.pop(kind, None) else changes)

    def _renew(self, unread: Unread, arrived: float) -> list[Change]:
        items = map(_item, stand_ins(unread, self._grounds))
        return self._store.replace(unread.kind.name, items, arrived)


def _covered(changes: list[Change]) -> list[Change]:
    """The same changes, with what is gone last."""
    return sorted(changes, key=lambda change: change.new is None)


def _item(fact: Fact) -> Item:
    return Item(fact.ref, "", "", fact, ())
