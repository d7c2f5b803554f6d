"""Load balancers outside that take connections themselves: the way to one, and from one on."""

from collections.abc import Sequence

from reachaudit.model.facts import Balancer, Protocol
from reachaudit.model.ip import Block
from reachaudit.reach.frontends import Frontend
from reachaudit.reach.outside import Outside
from reachaudit.reach.party import Party
from reachaudit.reach.ports import position
from reachaudit.reach.rewrites import Rewrites
from reachaudit.reach.services import Backend, usable
from reachaudit.reach.verdict import (
    PASSES,
    PathVerdict,
    Reason,
    direct,
    network_chooses,
    no_path,
    one_of,
    unknown,
)


class Proxies:
    """Judges both legs of a connection through a load balancer outside (SVC-32, ING-20)."""

    def __init__(self, outside: Outside, rewrites: Rewrites) -> None:
        self._outside, self._rewrites = outside, rewrites
        self._judge = rewrites.judge
        self._identity = rewrites.judge.identity

    def to(self, client: Party, balancers: Sequence[Balancer], port: int) -> PathVerdict:
        """A client dials load balancers outside; its own egress is all that is judged (EXT-11)."""
        if not client.node:
            return PASSES
        family = client.address.family
        ways = []
        for balancer in balancers:
            if balancer.address is None:  # a name is not resolved: any address outside
                targets = self._outside.all(family)
                found = self._identity.each(
                    targets, lambda target: direct(self._judge.connection(client, target, port))
                )
                ways.append(one_of(found, Reason.NAME_RESOLUTION))
            elif balancer.address.family == family:
                target = self._identity.at(balancer.address)
                ways.append(direct(self._judge.connection(client, target, port)))
        return network_chooses(ways)

    def to_node_ports(self, frontend: Frontend, backends: list[Backend]) -> PathVerdict:
        """It dials a node port from an address that is not known, whichever that is (EXT-10)."""
        if not usable(backends):
            return no_path("no usable endpoints", "SVC-14")
        clients = self._outside.all(frontend.family)
        if not clients:
            return unknown(Reason.SOURCE_NAT)
        found = self._identity.each(
            clients, lambda client: self._rewrites.entered(client, frontend, backends)
        )
        return one_of(found, Reason.SOURCE_NAT)

    def to_pods(
        self, backends: list[Backend], protocol: Protocol, ranges: Sequence[Block] = ()
    ) -> PathVerdict:
        """It dials pods (ING-20), from ranges that may be known (EXT-14)."""
        if not backends:
            return no_path("no usable endpoints", "ING-20")
        family = backends[0].party.address.family
        clients = self._outside.within(ranges, family) or self._outside.all(family)
        found = self._identity.each(
            clients,
            lambda client: network_chooses(self._dial(client, b, protocol) for b in backends),
        )
        return one_of(found, Reason.SOURCE_NAT)

    def _dial(self, client: Party, backend: Backend, protocol: Protocol) -> PathVerdict:
        target, port = backend.party, position(protocol, backend.port)
        return direct(self._judge.connection(client, target, port))
