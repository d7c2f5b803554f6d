"""Named: a Service by its name as a destination."""

from dataclasses import dataclass

from reachaudit.model.facts import Service
from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach.destinations import ANY_FAMILY, at, edges
from reachaudit.reach.frontends import frontends
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span, protocol_and_number, spans_between
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.resolve import by_name, followed
from reachaudit.reach.verdict import PathVerdict, no_path


@dataclass(frozen=True, slots=True)
class Named:
    """A Service, dialled by its name."""

    service: Ref

    def ask(self, reach: Reachability, client: Party, port: int | None) -> PathVerdict:
        """What the name leads to (SVC-16, SVC-17)."""
        service = reach.facts.get(Service, self.service)
        if service is None:
            return no_path(f"there is no {self.service}", "SVC-17")
        if port is None:
            return no_path("Services forward TCP, UDP and SCTP only", "SVC-3")
        protocol, number = protocol_and_number(port)
        return by_name(reach.paths, client, service, number, protocol)

    def spans(self, reach: Reachability, client: Party) -> list[Span]:
        """The Service's ports; all, where its name leads to pods or elsewhere."""
        service = reach.facts.get(Service, self.service)
        meant = followed(reach.services, service) if service else None
        if meant is None:
            return []
        if meant.type == "ExternalName":
            return spans_between(edges(reach, client, client))
        if not meant.headless:
            return [Span(at(f), at(f)) for f in frontends(meant) if f.kind == "ClusterIP"]
        family = client.address.family
        backends = [b for p in meant.ports for b in reach.services.backends(meant, p, family)]
        parties = dict.fromkeys(backend.party for backend in backends)
        return spans_between(edge for party in parties for edge in edges(reach, client, party))

    def services(self, reach: Reachability, _port: int | None) -> list[Service]:
        """The Service itself, or the one that its name leads to."""
        service = reach.facts.get(Service, self.service)
        meant = followed(reach.services, service) if service else None
        return [meant] if meant else []

    def families(self, reach: Reachability) -> frozenset[Family]:
        """Those of the Service that the name leads to; a name elsewhere may have any."""
        found = (service.families for service in self.services(reach, None))
        return frozenset(family for families in found for family in families) or ANY_FAMILY
