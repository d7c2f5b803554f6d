"""Who can reach somebody and whom somebody can reach: the list of all flows, seen from one end."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from cases.engine_answers import FAMILIES, assumptions_of, read_facts
from engine.frontends import frontends
from engine.listed import Listed, flows_of
from engine.worlds import OUTSIDE, World, assumptions, worlds
from reachaudit.model.facts import Service
from reachaudit.model.ip import parse_address
from reachaudit.model.store import Facts
from reachaudit.reach.ends import EndError
from reachaudit.reach.listing.asking import Request, listing
from reachaudit.reach.listing.neighbours import asked
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.resolve import by_name
from reachaudit.reach.verdict import Outcome, client_chooses

if TYPE_CHECKING:
    from cases.apiobject import Object
    from engine.listed import Line
    from reachaudit.reach.listing.neighbours import Asked, Side

examples = settings(max_examples=20, deadline=None)


def lines(found: Asked) -> set[Line]:
    return flows_of(found.peers, found.found)


@examples
@given(world=worlds(), theirs=frontends(), assumed=assumptions())
def test_both_ends_see_the_flows_of_the_list(
    world: World, theirs: list[Object], assumed: dict[str, str]
) -> None:
    facts, chosen = Facts(read_facts((*world.objects, *theirs))), assumptions_of(assumed)
    listed = listing(facts, chosen, Request())
    everything = flows_of(listed.peers, listed.alike())
    for peer in [peer for peer in listed.peers.all if peer.kind in ("workload", "node")]:
        name = str(peer)
        try:
            to, out_of = (asked(facts, chosen, name, side) for side in SIDES)
        except EndError:  # on its node's network
            assert not any(line.source == name for line in everything)
            continue
        assert lines(to) == {line for line in everything if line.target == name}
        assert lines(out_of) == {line for line in everything if line.source == name}


SIDES: tuple[Side, Side] = ("sources", "targets")


@examples
@given(world=worlds(), assumed=assumptions())
def test_an_address_is_reached_by_whom_the_list_lets_reach_it(
    world: World, assumed: dict[str, str]
) -> None:
    facts, chosen = Facts(read_facts(world.objects)), assumptions_of(assumed)
    reach, whole = Reachability(facts, chosen), Listed(listing(facts, chosen, Request()))
    for family, addresses in OUTSIDE.items():
        for text in addresses:
            address = parse_address(text)
            assert address
            if any(block.holds(address) for block in reach.outside.cluster):
                with pytest.raises(EndError):
                    asked(facts, chosen, text, "sources")
                continue
            found = {line.source for line in lines(asked(facts, chosen, text, "sources"))}
            workloads = {str(workload) for workload in reach.identity.workloads.values()}
            assert found == {
                name
                for name in workloads
                if any(
                    whole.direct(name, text, port, protocol, FAMILIES[family])
                    for protocol in ("TCP", "UDP", "SCTP")
                    for port in EVERY_EDGE
                )
            }


# Random policies name these ports and their neighbours: between them nothing changes.
EVERY_EDGE = (1, 52, 53, 54, 79, 80, 81, 82, 90, 91, 8080, 8081, 8082, 9090, 9091, 65535)


@examples
@given(world=worlds(), theirs=frontends(), assumed=assumptions())
def test_a_service_is_reached_by_whose_best_pod_its_name_leads_there(
    world: World, theirs: list[Object], assumed: dict[str, str]
) -> None:
    facts, chosen = Facts(read_facts((*world.objects, *theirs))), assumptions_of(assumed)
    reach = Reachability(facts, chosen)
    for service in facts.of(Service):
        if not service.ports:
            with pytest.raises(EndError):
                asked(facts, chosen, f"svc:{service.namespace}/{service.name}", "sources")
            continue
        name = f"svc:{service.namespace}/{service.name}"
        found = {
            line for line in lines(asked(facts, chosen, name, "sources")) if line.target == name
        }
        told = {
            (line.source, line.family, line.protocol, port): line.verdict
            for line in found
            for port in line.ports.split()
            if line.source.endswith("]")
        }
        assert told == by_pods(reach, service)


def by_pods(reach: Reachability, service: Service) -> dict[tuple[str, str, str, str], str]:
    """The best of what becomes of a workload's pods that dial a Service by its name."""
    result: dict[tuple[str, str, str, str], str] = {}
    identity = reach.identity
    for port, family in product(service.ports, FAMILIES.values()):
        for workload in {*identity.workloads.values()}:
            ways = [
                by_name(reach.paths, client, service, port.port, port.protocol)
                for pod in identity.pods
                if identity.workloads[pod.ref] == workload and identity.number(pod) is not None
                for client in identity.pod_parties(pod, family)
            ]
            best = client_chooses(ways).outcome
            if best not in (Outcome.DENY, Outcome.NO_PATH):
                result[str(workload), family, port.protocol, str(port.port)] = best.value
    return result
