"""The engine: changes of facts in, a state of reachability and its difference out."""

import gc
from collections.abc import Sequence

from reachaudit.model.store import Change, Facts, net
from reachaudit.reach.contrast import Contrast
from reachaudit.reach.delta import Delta
from reachaudit.reach.picture import take_picture
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

    def apply(self, changes: Sequence[Change]) -> Delta:
        """Take changes over; answer the flows that they opened and shut together.

        The first time that is nothing: what there is from the start is no change.
        """
        if not self._begun:
            self._begun = True
            self._begin(changes)
            return Delta()
        changes = net(changes)
        reach, classes = self.reach, self.reach.identity.classes
        reach.learn(changes)
        told_apart = classes.take_stirred()
        scope = scope_of(reach, changes)
        before = take_picture(reach, scope)
        reach.take(changes)
        after = take_picture(reach, scope)
        contrast = Contrast(before, after, reach, classes.stirred)
        told_apart |= classes.take_stirred() | before.classes | after.classes | scope.governed
        reach.forget(changes)
        reach.touch(changes, told_apart | classes.take_stirred())
        contrast.enter(*reach.entries.follow())
        classes.release()
        return contrast.delta(changes[0].ref if len(changes) == 1 else None)

    def _begin(self, changes: Sequence[Change]) -> None:
        """Nearly all that is made here stays: the collector need not look at it, now or later."""
        gc.disable()
        try:
            changes = net(changes)
            self.reach.learn(changes)
            self.reach.take(changes)
            self.reach.identity.classes.take_stirred()
            self.reach.outside.settle()  # what was there from the start is no news later
            self.reach.entries.follow()
        finally:
            gc.enable()
        gc.freeze()
