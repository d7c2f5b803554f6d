"""Rests: the assumptions on which a verdict rests, found by assuming otherwise."""

from collections.abc import Iterator
from typing import NamedTuple

from reachaudit.model.facts import Fact, Ingress, Namespace, Service
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.assumed import alternatives
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.spots import Spot
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
        self._known: dict[_Part | None, list[_State]] = {}

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
        """The facts under each other assumption: of many, a part is enough, as long as it gives the
        same verdict.
        """
        many = len(self._reach.identity.pods) > _MANY
        itself, *others = self._states(_part(self._reach, asked) if many else None)
        if asked.outcomes(itself.reach) != asked.outcomes(self._reach):
            return self._states(None)[1:]
        return others

    def _states(self, part: "_Part | None") -> list["_State"]:
        if part not in self._known:
            facts = self._reach.facts
            if part is not None:
                facts = Facts(fact for fact in facts if part.has(fact))
            self._known[part] = list(_states(facts, self._reach.assumptions))
        return self._known[part]


class _Part(NamedTuple):
    """The facts that may bear on an answer: those of the namespaces of all ends and of who serves
    them. Of elsewhere what is the cluster's as a whole, Services that take what is sent to the
    ends, and Ingresses, where a request is asked about: any of them may claim it.
    """

    namespaces: frozenset[str]
    services: frozenset[Ref]
    ingresses: bool

    def has(self, fact: Fact) -> bool:
        """Whether a fact may bear on it."""
        if isinstance(fact, Namespace):
            return fact.name in self.namespaces
        if not fact.namespace or fact.namespace in self.namespaces or fact.ref in self.services:
            return True
        return self.ingresses and isinstance(fact, Ingress)


class _State(NamedTuple):
    held: str
    instead: str
    reach: Reachability


def _states(facts: Facts, held: Assumptions) -> Iterator[_State]:
    yield _State("", "", Reachability(facts, held))
    for setting, instead, assumed in alternatives(facts, held):
        yield _State(setting, instead, Reachability(facts, assumed))


def _part(reach: Reachability, asked: Asked) -> _Part:
    services = {service.ref for spot in asked.spots for service in _capturing(reach, spot)}
    return _Part(frozenset(_namespaces(reach, asked)), frozenset(services), asked.requests)


def _capturing(reach: Reachability, spot: Spot) -> Iterator[Service]:
    """Services at the address of an end, or with node ports, where it is a node."""
    if spot.node:
        yield from (frontend.service for frontend in reach.services.on_nodes(spot.family))
    for party in spot.parties(reach):
        yield from (frontend.service for frontend in reach.services.at(party.address))


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
    for ingress in reach.facts.of(Ingress) if asked.requests else ():
        yield from (pod.namespace for pod in reach.ingresses.serving(ingress).pods)
