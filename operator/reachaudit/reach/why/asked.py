"""What is explained together: questions that fare alike, on ports that fare alike."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reachaudit.model.facts import Pod, Service, ServicePort
from reachaudit.reach.destinations import at
from reachaudit.reach.frontends import frontends
from reachaudit.reach.ingresses import Route
from reachaudit.reach.listening import Listening
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span
from reachaudit.reach.questions import Question
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.request import Request
from reachaudit.reach.services import usable
from reachaudit.reach.spots import Spot
from reachaudit.reach.standing import Standing
from reachaudit.reach.verdict import Judgement, Outcome, PathVerdict


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions and spans of ports on the line; no spans: protocols without ports."""

    questions: tuple[Question, ...]
    spans: tuple[Span, ...]

    @property
    def ports(self) -> tuple[int | None, ...]:
        """One port of each span."""
        return tuple(span.first for span in self.spans) or (None,)

    def verdicts(self, reach: Reachability) -> Iterator[PathVerdict]:
        """The answers of a state."""
        for question in self.questions:
            for port in self.ports:
                yield question.ask(reach, port)

    def outcomes(self, reach: Reachability) -> set[Outcome]:
        """The outcomes in a state: one, if all still fare alike."""
        return {verdict.outcome for verdict in self.verdicts(reach)}

    def ways(self, reach: Reachability) -> list[Judgement]:
        """The hops of all answers; of those that no policy tells apart, one."""
        found: dict[object, Judgement] = {}
        for verdict in self.verdicts(reach):
            for way in verdict.ways:
                parties = (way.source, way.seen, way.target)
                kinds = (_kind(reach, party) for party in parties)
                found.setdefault((way.leg, way.port, *kinds), way)
        return list(found.values())

    def services(self, reach: Reachability) -> list[Service]:
        """The Services on the way, each once."""
        found = (
            service
            for question in self.questions
            for port in self.ports
            for service in question.target.services(reach, port)
        )
        return list({service.ref: service for service in found}.values())

    def dialled(self, reach: Reachability, service: Service) -> list[ServicePort]:
        """The ports of a Service on the way that are asked for; all, where its name leads to pods
        (SVC-16).
        """
        found = [r.port for r in self.routes(reach) if r.service == service and r.port]
        if not self.requests:
            found = [f.port for f in frontends(service) if at(f) in self.ports]
        return list(dict.fromkeys(found)) or list(service.ports)

    def routes(self, reach: Reachability) -> list[Route]:
        """The routes that take the requests, one of each Ingress."""
        found = (q.target.route(reach) for q in self.questions if isinstance(q.target, Request))
        return list({r.ingress.ref: r for r in found if isinstance(r, Route)}.values())

    def kin(self, reach: Reachability, pod: Pod) -> list[Pod]:
        """A pod, and the others that are asked about or stand behind a Service together with it,
        as far as no policy tells them apart.
        """
        found = {pod.ref: pod}
        for other in (*_live(reach, self.spots), *self._endpoints(reach)):
            if reach.identity.number(other) == reach.identity.number(pod):
                found[other.ref] = other
        return list(found.values())

    def pods_reached(self, reach: Reachability) -> list[Pod]:
        """The pods that are asked about as targets, or stand behind the Services on the way."""
        reached = [q.target.spot for q in self.questions if isinstance(q.target, Standing)]
        return [*_live(reach, reached), *self._endpoints(reach)]

    def nodes(self, reach: Reachability) -> set[str]:
        """The nodes at either end: of pods, and those that are asked about."""
        sending = (party.node for spot in self.spots for party in spot.parties(reach))
        return {
            *sending,
            *(q.target.node for q in self.questions if isinstance(q.target, Listening)),
        }

    @property
    def requests(self) -> bool:
        """Whether Ingresses are asked for."""
        return any(isinstance(question.target, Request) for question in self.questions)

    def _endpoints(self, reach: Reachability) -> Iterator[Pod]:
        for service in self.services(reach):
            for port in service.ports:
                for family in service.families:
                    for backend in usable(reach.services.backends(service, port, family)):
                        if backend.party.pod is not None:
                            yield backend.party.pod

    @property
    def spots(self) -> list[Spot]:
        """The ends that are spots."""
        reached = [q.target.spot for q in self.questions if isinstance(q.target, Standing)]
        return [*(q.source for q in self.questions), *reached]


def _live(reach: Reachability, spots: Iterable[Spot]) -> Iterator[Pod]:
    for spot in spots:
        pod = reach.facts.get(Pod, spot.pod) if spot.pod else None
        if pod is not None and pod.live:
            yield pod


def _kind(reach: Reachability, party: Party) -> object:
    """Pods with the same labels that no policy tells apart are alike; all else is itself."""
    if party.pod is None or party.number is None:
        return party.address
    return party.pod.namespace, party.pod.labels, reach.identity.alike_to_policies(party)
