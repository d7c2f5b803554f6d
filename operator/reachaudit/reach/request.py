"""Request: a host and path of an Ingress as a destination."""

from dataclasses import dataclass

from reachaudit.model.facts import Service
from reachaudit.model.ip import Family
from reachaudit.model.names import Ref
from reachaudit.reach.destinations import ANY_FAMILY
from reachaudit.reach.ingresses import Route, web_port
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span, position
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.routing import Wanted
from reachaudit.reach.verdict import PathVerdict


@dataclass(frozen=True, slots=True)
class Request:
    """A host and path of an Ingress. `ingress`: which, where controllers each have their own."""

    host: str
    path: str
    ingress: Ref | None = None

    def ask(self, reach: Reachability, client: Party, _port: int | None) -> PathVerdict:
        """The port follows from the route: 443 where the host has TLS (ING-14)."""
        found = self.route(reach)
        if isinstance(found, PathVerdict):
            return found
        return reach.ingresses.request(client, found)

    def spans(self, reach: Reachability, _client: Party) -> list[Span]:
        """The one port that clients come to."""
        found = self.route(reach)
        port = position("TCP", 80 if isinstance(found, PathVerdict) else web_port(found))
        return [Span(port, port)]

    def services(self, reach: Reachability, _port: int | None) -> list[Service]:
        """The backend's."""
        found = self.route(reach)
        return [found.service] if isinstance(found, Route) and found.service else []

    def families(self, reach: Reachability) -> frozenset[Family]:
        """Those of the pods that serve it; a load balancer outside may have any."""
        found = self.route(reach)
        pods = reach.ingresses.serving(found.ingress).pods if isinstance(found, Route) else ()
        return frozenset(address.family for pod in pods for address in pod.addresses) or ANY_FAMILY

    def route(self, reach: Reachability) -> Route | PathVerdict:
        """The route that takes the request."""
        return reach.routing.route(Wanted(self.host, self.path, self.ingress))
