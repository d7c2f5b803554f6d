"""The store: the facts that the API server holds, as far as it told us."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from reachaudit.model.facts import Fact
from reachaudit.model.names import Ref
from reachaudit.model.parse import Item

F = TypeVar("F", bound=Fact)


Saw = Callable[[Hashable], None]


def _unseen(_: Hashable) -> None:
    """Nobody asks what is read."""


class Change(NamedTuple):
    """What one object's fact was and is; None where there is none. `arrived`: monotonic seconds."""

    ref: Ref
    old: Fact | None
    new: Fact | None
    arrived: float

    @property
    def touched(self) -> Iterator[Hashable]:
        """What readers of facts may have read of it."""
        yield self.ref
        for fact in (self.old, self.new):
            if fact is not None:
                yield from (type(fact), (type(fact), fact.namespace))


def net(changes: Sequence[Change]) -> list[Change]:
    """Several changes of one object as one, since it first came in."""
    found = {change.ref: change for change in changes}
    if len(found) < len(changes):
        found.clear()
        for change in changes:
            first = found.get(change.ref, change)
            found[change.ref] = Change(change.ref, first.old, change.new, first.arrived)
    return [change for change in found.values() if change.old != change.new]


class Facts:
    """The current facts, by type, namespace and name. Only `apply` changes them.

    `saw` is told what is read: a name, a type, or a type in a namespace.
    """

    def __init__(self, facts: Iterable[Fact] = (), saw: Saw = _unseen) -> None:
        self._saw = saw
        self._by_type: defaultdict[type[Fact], defaultdict[str, dict[Ref, Fact]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        for fact in facts:
            self._by_type[type(fact)][fact.namespace][fact.ref] = fact

    def __iter__(self) -> Iterator[Fact]:
        """All facts."""
        for namespaces in self._by_type.values():
            for found in namespaces.values():
                yield from found.values()

    def apply(self, change: Change) -> None:
        """Take one change over."""
        if change.old is not None:
            namespaces = self._by_type[type(change.old)]
            namespaces[change.old.namespace].pop(change.ref, None)
            if not namespaces[change.old.namespace]:
                del namespaces[change.old.namespace]
        if change.new is not None:
            self._by_type[type(change.new)][change.new.namespace][change.ref] = change.new

    def of(self, kind: type[F]) -> Iterator[F]:
        """All facts of a type, in order of name: an answer never hangs on the order of events."""
        self._saw(kind)
        for namespace in sorted(self._by_type[kind]):
            yield from self._within(kind, namespace)

    def namespaces(self, kind: type[Fact]) -> list[str]:
        """The namespaces that have facts of a type, in order."""
        self._saw(kind)
        return sorted(self._by_type[kind])

    def within(self, kind: type[F], namespace: str) -> Iterator[F]:
        """The facts of a type in one namespace, in order of name."""
        self._saw((kind, namespace))
        return self._within(kind, namespace)

    def _within(self, kind: type[F], namespace: str) -> Iterator[F]:
        for _, fact in sorted(self._by_type[kind].get(namespace, {}).items()):
            assert isinstance(fact, kind)
            yield fact

    def get(self, kind: type[F], ref: Ref) -> F | None:
        """One fact by its object."""
        self._saw(ref)
        fact = self._by_type[kind].get(ref.namespace, {}).get(ref)
        return fact if isinstance(fact, kind) else None


class Store:
    """Items by kind and name, with what identifies each on the API server.

    Every method answers the changes of facts that it made: none where the engine need not know.
    """

    def __init__(self) -> None:
        self._items: defaultdict[str, dict[Ref, Item]] = defaultdict(dict)
        self._problems: dict[Ref, tuple[str, ...]] = {}

    def put(self, item: Item, arrived: float) -> list[Change]:
        """Add or replace one object."""
        items = self._items[item.ref.kind]
        known = items.get(item.ref)
        items[item.ref] = item
        if item.problems:
            self._problems[item.ref] = item.problems
        elif known and known.problems:
            del self._problems[item.ref]
        return _changes(item.ref, known.fact if known else None, item.fact, arrived)

    def drop(self, ref: Ref, arrived: float) -> list[Change]:
        """Forget one object."""
        known = self._items[ref.kind].pop(ref, None)
        self._problems.pop(ref, None)
        return _changes(ref, known.fact if known else None, None, arrived)

    def replace(self, kind: str, items: Iterable[Item], arrived: float) -> list[Change]:
        """Make a kind's objects be just these, as after a list: what is not in it is gone."""
        listed = {item.ref: item for item in items}
        gone = [ref for ref in self._items[kind] if ref not in listed]
        changes = [change for ref in gone for change in self.drop(ref, arrived)]
        return changes + [c for item in listed.values() for c in self.put(item, arrived)]

    def items(self, kind: str) -> Mapping[Ref, Item]:
        """A kind's objects by name."""
        return self._items[kind]

    def get(self, ref: Ref) -> Item | None:
        """One object."""
        return self._items[ref.kind].get(ref)

    def problems(self) -> Iterator[tuple[Ref, str]]:
        """All that could not be read, object by object."""
        for ref, problems in self._problems.items():
            for problem in problems:
                yield ref, problem


def _changes(ref: Ref, old: Fact | None, new: Fact | None, arrived: float) -> list[Change]:
    return [] if old == new else [Change(ref, old, new, arrived)]
