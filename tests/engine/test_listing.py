"""The list of flows, held against the oracle and the judge, pair by pair."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from cases.engine_answers import FAMILIES, assumptions_of, read_facts
from engine.frontends import frontends
from engine.listed import Arrival, Line, Listed, Told, flows_of
from engine.oracle import Oracle
from engine.worlds import OUTSIDE, World, assumptions, worlds
from reachaudit.model.facts import PROTOCOLS, Ingress, Pod, Protocol
from reachaudit.model.ip import parse_address, parse_block
from reachaudit.model.store import Facts
from reachaudit.reach.listing.asking import Request, listing
from reachaudit.reach.listing.listing import Listing
from reachaudit.reach.ports import Span, by_protocol, position
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Outcome, PathVerdict, Value, client_chooses
from reachaudit.reach.ways_in import WaysIn
from reachaudit.reach.zones import zone_of
from reachaudit.settings import Assumptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cases.apiobject import Object
    from reachaudit.reach.ingresses import Route
    from reachaudit.reach.party import Party
    from reachaudit.reach.workloads import Workload

examples = settings(max_examples=40, deadline=None)


def reach_of(objects: Sequence[Object], assumed: dict[str, str]) -> Reachability:
    return Reachability(Facts(read_facts(objects)), assumptions_of(assumed))


def protocol_of(name: str) -> Protocol:
    return next(protocol for protocol in PROTOCOLS if protocol == name)


class Ends:
    """The ends of questions as a listing names them."""

    def __init__(self, reach: Reachability) -> None:
        self._reach = reach
        self._pods = {f"{pod.namespace}/{pod.name}": pod for pod in reach.identity.pods}

    def peer(self, end: str) -> str | None:
        """None for what is none: pods that are not live or on their node's network; gaps."""
        if end.startswith("node:"):
            return f"node/{end[5:]}"
        address = parse_address(end)
        if address is not None:
            own = any(block.holds(address) for block in self._reach.outside.cluster)
            return None if own else end  # a CIDR never means the cluster's own addresses
        pod = self._pods.get(end)
        return f"{end}[Pod]" if pod and self._reach.identity.number(pod) is not None else None

    def on_node(self, end: str) -> bool:
        """Whether it is a pod on its node's network."""
        return self._pods[end].host_network if end in self._pods else end.startswith("node:")

    def parties(self, end: str, family: str) -> list[Party]:
        """Who is there, at each address of a family."""
        identity = self._reach.identity
        if end.startswith("node:"):
            return identity.node_parties(identity.nodes[end[5:]], FAMILIES[family])
        address = parse_address(end)
        if address is not None:
            return [identity.at(address)]
        return identity.pod_parties(self._pods[end], FAMILIES[family])


@examples
@given(world=worlds(), assumed=assumptions())
def test_a_flow_is_listed_just_where_the_oracle_has_one(
    world: World, assumed: dict[str, str]
) -> None:
    reach = reach_of(world.objects, assumed)
    ends, listed, oracle = Ends(reach), Listed(Listing(reach)), Oracle(world.objects, assumed)
    for source, target, port, protocol, family in world.queries:
        one, other = ends.peer(source), ends.peer(target)
        if one is None or other is None or port is None or one == other:
            continue
        if "[" not in one + other or (parse_address(source) and ends.on_node(target)):
            continue  # what goes on between nodes and the outside is not listed
        told = listed.direct(one, other, port, protocol, FAMILIES[family])
        expected = oracle.verdict(source, target, port, protocol, family).cell
        assert (told.cell if told else "") == expected.strip("iex-"), (one, other, port, protocol)


@examples
@given(world=worlds(), theirs=frontends(), assumed=assumptions())
def test_verdicts_and_reasons_are_the_judges(
    world: World, theirs: list[Object], assumed: dict[str, str]
) -> None:
    """With policies of vendors too, of which the oracle knows nothing."""
    reach = reach_of((*world.objects, *theirs), assumed)
    ends, listed = Ends(reach), Listed(Listing(reach))
    for source, target, port, protocol, family in world.queries:
        one, other = ends.peer(source), ends.peer(target)
        if None in (one, other) or port is None or not (one or "").endswith("[Pod]"):
            continue
        told = listed.direct(str(one), str(other), port, protocol, FAMILIES[family])
        judged = [
            reach.judge.connection(client, server, position(protocol_of(protocol), port))
            for client in ends.parties(source, family)
            for server in ends.parties(target, family)
        ]
        best = max((j.value for j in judged), default=Value.DENY)
        if best is Value.ALLOW and one != other:
            assert told == Told(Outcome.ALLOW, None)
        elif best is Value.UNKNOWN:
            assert told in {Told(Outcome.UNKNOWN, j.reason) for j in judged}
        else:
            assert told is None


@examples
@given(world=worlds(), theirs=frontends(), assumed=assumptions())
def test_who_comes_in_is_whom_the_way_in_lets_through(
    world: World, theirs: list[Object], assumed: dict[str, str]
) -> None:
    reach = reach_of((*world.objects, *theirs), assumed)
    listed = Listed(Listing(reach))
    for family, addresses in OUTSIDE.items():
        for address in addresses:
            for workload in {*reach.identity.workloads.values()}:
                found = listed.arrivals(address, str(workload), FAMILIES[family])
                assert found == let_through(reach, address, workload), (address, workload)


def let_through(reach: Reachability, text: str, workload: Workload) -> dict[Arrival, Told]:
    """What becomes of a client at each way in to a workload, way by way."""
    client, found = parse_address(text), dict[Arrival, PathVerdict]()
    assert client is not None
    signature_of = reach.identity.signatures.of
    signature = signature_of(client)
    ways = WaysIn(reach.identity, reach.paths, reach.ingresses)
    if any(block.holds(client) for block in reach.outside.cluster):
        return {}
    all_ways = [
        *(way for service in reach.services.all for way in ways.by_service(service)),
        *(way for ingress in reach.facts.of(Ingress) for way in ways.by_ingress(ingress)),
        *(way for pod in reach.identity.pods for way in ways.by_host_ports(pod)),
    ]
    for way in all_ways:
        if (way.workload, way.zone, way.family) != (workload, zone_of(client), client.family):
            continue
        if way.route and not served(reach, way.route):
            continue  # {ingress-controller} is who may connect
        ((protocol, port, _),) = by_protocol(Span(way.port, way.port))
        by = (str(way.by), way.route.label) if way.route else (str(way.by), way.way)
        if way.by.kind == "Pod":
            by = str(workload), way.way
        verdicts = [
            way.onward(v) for party, v in way.entry.each if signature_of(party.address) == signature
        ]
        key = Arrival(by, protocol, port)
        found[key] = client_chooses([*verdicts, *([found[key]] if key in found else [])])
    return {
        key: Told(verdict.outcome, verdict.reason if verdict.outcome is Outcome.UNKNOWN else None)
        for key, verdict in found.items()
        if verdict.outcome not in (Outcome.DENY, Outcome.NO_PATH)
    }


def served(reach: Reachability, route: Route) -> bool:
    serving = reach.ingresses.serving(route.ingress)
    return bool(serving.pods or serving.cloud)


@examples
@given(world=worlds(), assumed=assumptions())
def test_a_group_has_the_best_flow_of_its_pods(world: World, assumed: dict[str, str]) -> None:
    """By namespace; what a pod reaches of its own namespace is what it reaches of another pod."""
    facts, chosen = Facts(read_facts(world.objects)), assumptions_of(assumed)
    pods, spaces = (Listed(listing(facts, chosen, Request(by=by))) for by in ("pod", "namespace"))
    group = {
        f"{pod.namespace}/{pod.name}[Pod]": f"namespace/{pod.namespace}" for pod in facts.of(Pod)
    }
    for protocol, family, port in product(PROTOCOLS, FAMILIES.values(), (53, 80, 8080)):
        best: dict[tuple[str, str], int] = {}
        for source, target in pods:
            told = pods.direct(source, target, port, protocol, family)
            pair = group.get(source, source), group.get(target, target)
            if told and not parse_block(source) and not parse_block(target):
                best[pair] = max(best.get(pair, 0), RANKS.index(told.outcome))
        found = {
            pair: RANKS.index(told.outcome)
            for pair in spaces
            if not any(map(parse_block, pair))
            if (told := spaces.direct(*pair, port, protocol, family))
        }
        assert found == best


RANKS = (Outcome.UNKNOWN, Outcome.ALLOW)


@examples
@given(world=worlds(), theirs=frontends(), data=st.data())
def test_a_filter_leaves_what_it_asks_for(
    world: World, theirs: list[Object], data: st.DataObject
) -> None:
    facts, chosen = Facts(read_facts((*world.objects, *theirs))), Assumptions()
    whole = listing(facts, chosen, Request())
    lines = flows_of(whole.peers, whole.alike())
    inside = {line.target for line in lines if line.target.endswith("]")} or {"none"}
    target = data.draw(st.sampled_from(sorted(inside)))
    namespace = target.partition("/")[0]
    for request, kept in (
        (Request(namespace=namespace), lambda x: f"{namespace}/" in (x.source[:2], x.target[:2])),
        (Request(target=f"namespace/{namespace}"), lambda x: x.target.startswith(f"{namespace}/")),
        (Request(source=f"namespace/{namespace}"), lambda x: x.source.startswith(f"{namespace}/")),
    ):
        if target == "none":
            continue
        found = listing(facts, chosen, request)
        assert flows_of(found.peers, found.alike()) == set(filter(kept, lines))
    found = listing(facts, chosen, Request(ports=Span(53, 80)))
    assert flows_of(found.peers, found.alike()) == {
        line._replace(ports=cut) for line in lines if (cut := between(line, 53, 80))
    }


def between(line: Line, first: int, last: int) -> str:
    """The ports of a TCP flow in a range."""
    if line.protocol != "TCP":
        return ""
    spans = [tuple(map(int, each.split("-"))) for each in line.ports.split()]
    cut = [(max(span[0], first), min(span[-1], last)) for span in spans]
    return " ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in cut if a <= b)
