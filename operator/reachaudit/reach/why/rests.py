"""Rests: the assumptions on which a verdict rests, found by assuming otherwise."""

from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.model.facts import Fact, Namespace, NetworkPolicy, OpaquePolicy, Pod
from reachaudit.model.store import Facts
from reachaudit.reach.assumed import alternatives
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome
from reachaudit.reach.why.asked import Asked
from reachaudit.settings import Assumptions

_MANY = 1000


class Rest(NamedTuple):
    """An assumption as it is, and what another value of it would make of the verdict."""

    held: str
    instead: str
    outcomes: tuple[Outcome, ...]


class Rests:
    """Finds what verdicts of one state rest on."""

    def __init__(self, reach: Reachability) -> None:
        self._reach = reach
        self._known: dict[frozenset[str] | None, list[_State]] = {}

    def of(self, asked: Asked) -> tuple[Rest, ...]:
        """The assumptions without which a verdict would be another."""
        outcomes = asked.outcomes(self._reach)
        found = ((state, asked.outcomes(state.reach)) for state in self._others(asked))
        return tuple(
            Rest(s.held, s.instead, tuple(sorted(there, key=lambda outcome: outcome.value)))
            for s, there in found
            if there != outcomes
        )

    def _others(self, asked: Asked) -> list["_State"]:
        """The facts under each other assumption: of many, those of some namespaces are enough, as
        long as they give the same verdict.
        """
        everywhere = self._reach.identity.pods
        namespaces = frozenset(_namespaces(self._reach, asked)) if len(everywhere) > _MANY else None
        itself, *others = self._states(namespaces)
        if asked.outcomes(itself.reach) != asked.outcomes(self._reach):
            return self._states(None)[1:]
        return others

    def _states(self, namespaces: frozenset[str] | None) -> list["_State"]:
        if namespaces not in self._known:
            facts = self._reach.facts
            if namespaces is not None:
                facts = Facts(fact for fact in facts if _concerns(fact, namespaces))
            self._known[namespaces] = list(_states(facts, self._reach.assumptions))
        return self._known[namespaces]


class _State(NamedTuple):
    held: str
    instead: str
    reach: Reachability


def _states(facts: Facts, held: Assumptions) -> Iterator[_State]:
    yield _State("", "", Reachability(facts, held))
    for setting, instead, assumed in alternatives(facts, held):
        yield _State(setting, instead, Reachability(facts, assumed))


def _concerns(fact: Fact, namespaces: frozenset[str]) -> bool:
    """Pods and policies of elsewhere bear on nothing; all else may."""
    if isinstance(fact, Pod | NetworkPolicy) or (isinstance(fact, OpaquePolicy) and fact.namespace):
        return fact.namespace in namespaces
    return not isinstance(fact, Namespace) or fact.name in namespaces


def _namespaces(reach: Reachability, asked: Asked) -> Iterator[str]:
    """Where the ends are, and who serves them."""
    for way in next(asked.verdicts(reach)).ways:
        for party in (way.source, way.seen, way.target):
            if party.pod is not None:
                yield party.pod.namespace
    for service in asked.services(reach):
        yield service.namespace
    for spot in asked.spots:
        if spot.pod is not None:
            yield spot.pod.namespace
