"""Answers that are kept until something that they have read changes.

    inputs ──read by──▶ cells ──read by──▶ cells      touch(input) marks all that hang on it,
    (facts, classes)    (one answer each)             asking works out again what really changed

An answer says what it reads by reading it: nothing is declared. When an input changes, every cell
that hangs on it is marked. When a marked cell is asked for, it first looks whether what it has read
really is different now; only then is it worked out again, and only if its answer is then another
do its own readers follow.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Cell:
    """One answer. `sources`: what it has read; `when`: when it was last looked at.

    `marked`: it may hang on something that changed since; `suspects` are these.
    """

    __slots__ = ("marked", "sources", "suspects", "when")

    def __init__(self) -> None:
        self.sources: tuple[Hashable, ...] = ()
        self.suspects: list[Hashable] = []
        self.when, self.marked = 0, True

    def mark(self) -> None:
        """It may hang on something that changed."""
        self.marked = True

    def refresh(self) -> None:
        """Bring it up to date."""
        raise NotImplementedError


class Graph:
    """What has read what. One caller at a time."""

    def __init__(self) -> None:
        self.now = 0
        self._changed: dict[Hashable, int] = {}
        self._readers: defaultdict[Hashable, set[Cell]] = defaultdict(set)
        self._reading: list[dict[Hashable, None]] = []

    def saw(self, source: Hashable) -> None:
        """Whatever is being worked out has read an input or a cell."""
        if self._reading:
            self._reading[-1][source] = None

    def touch(self, sources: Iterable[Hashable]) -> None:
        """Inputs have changed: mark what may hang on them."""
        self.now += 1
        todo = [source for source in sources if source in self._readers]
        for source in todo:
            self._changed[source] = self.now
        while todo:
            source = todo.pop()
            for cell in self._readers.get(source, ()):
                cell.suspects.append(source)
                if not cell.marked:
                    cell.mark()
                    todo.append(cell)

    def changed(self, cell: Cell) -> bool:
        """Whether something that a cell has read is different since it was last looked at.

        Sources are looked at in the order in which they were read: what a later one is about may
        have gone with an earlier one.
        """
        suspects = cell.suspects
        if len(suspects) > 1:
            suspected = set(suspects)
            suspects = [source for source in cell.sources if source in suspected]
        for source in suspects:
            if isinstance(source, Cell):
                source.refresh()
            if self._changed.get(source, 0) > cell.when:
                return True
        return False

    def settled(self, cell: Cell, *, changed: bool) -> None:
        """A cell is up to date."""
        cell.marked, cell.when = False, self.now
        cell.suspects.clear()
        if changed and cell in self._readers:
            self._changed[cell] = self.now

    def link(self, cell: Cell, sources: Iterable[Hashable]) -> None:
        """A cell has read these, and no others any longer."""
        before, cell.sources = cell.sources, tuple(sources)
        if before == cell.sources:
            return
        for source in set(before).difference(cell.sources):
            readers = self._readers[source]
            readers.discard(cell)
            if not readers:
                del self._readers[source]
                self._changed.pop(source, None)
        for source in cell.sources:
            self._readers[source].add(cell)

    def begin(self) -> dict[Hashable, None]:
        """Collect what is read from now on, until `end`."""
        self._reading.append({})
        return self._reading[-1]

    def end(self) -> None:
        """The reverse of `begin`."""
        self._reading.pop()


class Table(Generic[K, T]):
    """Answers of one kind by key. `work` must bear keys of which nothing is left."""

    def __init__(self, graph: Graph, work: Callable[[K], T]) -> None:
        self.graph, self.work = graph, work
        self.stale: dict[K, None] = {}
        self._answers: dict[K, _Answer[K, T]] = {}

    def __getitem__(self, key: K) -> T:
        """The answer as it is now."""
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = _Answer(self, key)
        self.graph.saw(answer)
        answer.refresh()
        return answer.value

    def drop(self, key: K) -> None:
        """Forget an answer."""
        answer = self._answers.pop(key, None)
        self.stale.pop(key, None)
        if answer is not None:
            self.graph.link(answer, ())

    def __iter__(self) -> Iterator[K]:
        """The keys that have been asked for."""
        return iter(self._answers)


class _Answer(Cell, Generic[K, T]):
    """An answer of a table; `value` is there once it was refreshed."""

    __slots__ = ("_begun", "key", "table", "value")
    value: T

    def __init__(self, table: Table[K, T], key: K) -> None:
        super().__init__()
        self.table, self.key, self._begun = table, key, False

    def mark(self) -> None:
        super().mark()
        self.table.stale[self.key] = None

    def refresh(self) -> None:
        if not self.marked:
            return
        graph, self.marked = self.table.graph, False  # whoever asks for itself gets what was
        fresh = not self._begun or graph.changed(self)
        changed = fresh and self._work()
        self.table.stale.pop(self.key, None)
        graph.settled(self, changed=changed)

    def _work(self) -> bool:
        """Work it out; answer whether it is another."""
        graph = self.table.graph
        sources = graph.begin()
        try:
            value = self.table.work(self.key)
        finally:
            graph.end()
        graph.link(self, sources)
        changed = not self._begun or self.value != value
        if changed:
            self.value, self._begun = value, True
        return changed
