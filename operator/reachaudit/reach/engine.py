"""The engine: changes of facts in, a state of reachability and its difference out."""

from collections.abc import Sequence

from reachaudit.model.store import Change, Facts
from reachaudit.reach.delta import Delta
from reachaudit.reach.flows import Entries, entries
from reachaudit.reach.picture import Comparison, take_picture
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.scope import scope_of
from reachaudit.settings import Assumptions


class Engine:
    """Owns the facts and what they mean; its state always equals that built from the facts alone.

    A change costs what it may change: the rows of the workloads that it concerns.
    """

    def __init__(self, assumptions: Assumptions) -> None:
        self.reach = Reachability(Facts(), assumptions)
        self._begun = False
        self._entries = Entries()

    def apply(self, changes: Sequence[Change]) -> Delta:
        """Take changes over; answer the flows that they opened and shut together.

        The first time that is nothing: what there is from the start is no change.
        """
        reach = self.reach
        reach.identity.classes.release()
        reach.learn(changes)
        if not self._begun:
            self._begun = True
            reach.take(changes)
            reach.forget(changes)
            self._entries = entries(reach)
            return Delta()
        reach.identity.classes.stirred = 0
        scope = scope_of(reach, changes)
        before = take_picture(reach, scope)
        reach.take(changes)
        after = take_picture(reach, scope)
        comparison = Comparison(before, after, reach)
        reach.forget(changes)
        old, self._entries = self._entries, entries(reach)
        comparison.enter(old, self._entries)
        return comparison.delta()
