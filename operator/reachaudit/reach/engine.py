"""The engine: changes of facts in, a state of reachability and its difference out."""

from collections.abc import Iterable

from reachaudit.model.store import Change, Facts
from reachaudit.reach.delta import Delta, difference
from reachaudit.reach.flows import Flows, Index, flows
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions


class Engine:
    """Owns the facts and what they mean; its state always equals that built from the facts alone.

    Each `apply` works everything out anew and compares: the cost grows with the cluster, not with
    the change.
    """

    def __init__(self, assumptions: Assumptions) -> None:
        self._assumptions, self._facts, self.index = assumptions, Facts(), Index()
        self.reach = Reachability(self._facts, assumptions)
        self.flows = Flows()
        self._begun = False

    def apply(self, changes: Iterable[Change]) -> Delta:
        """Take changes over; answer the flows that they opened and shut together.

        The first time that is nothing: what there is from the start is no change.
        """
        for change in changes:
            self._facts.apply(change)
        self.reach = Reachability(self._facts, self._assumptions)
        before, self.flows = self.flows, flows(self.reach, self.index)
        begun, self._begun = self._begun, True
        return difference(before, self.flows, self.index) if begun else Delta()
