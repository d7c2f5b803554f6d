"""Properties that the rules promise (SEMANTICS G.4), held against the oracle and the engine."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.apiobject import Json, Key, Object, items, key_of, labels_of, mapping
from cases.engine_answers import EngineAnswers, letter
from cases.table import CELLS
from cases.terse import namespace_object
from engine import ends, oracle, selectors
from engine.ends import parse_cidr
from engine.oracle import NAME_LABEL, Oracle
from engine.selectors import matches
from engine.worlds import NAMESPACES, assumptions, end_of, worlds
from reachaudit.model.ip import FAMILIES, Address
from reachaudit.reach.addresses import minus
from reachaudit.reach.ports import position
from reachaudit.reach.verdict import direct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from engine.oracle import Verdict
    from engine.worlds import Query, World

RANK = {"DENY": 0, "UNKNOWN": 1, "ALLOW": 2}
NO_ASSUMPTIONS: dict[str, str] = {}
# Drawing a world takes its time on a busy machine; that is no reason to fail.
examples = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def verdicts(
    objects: Sequence[Object], queries: Sequence[Query], assumed: dict[str, str]
) -> list[Verdict]:
    """What the oracle says; the engine must say it too, of changed worlds as of drawn ones."""
    oracle, engine = Oracle(objects, assumed), EngineAnswers(objects, assumed)
    found = [oracle.verdict(*query) for query in queries]
    assert [engine.cell(*query) for query in queries] == [verdict.cell for verdict in found]
    return found


def with_rules(
    objects: Sequence[Object], change: Callable[[str, list[Json]], list[Json]]
) -> list[Object]:
    """Copy the objects with changed rules; the change is told the name of the peers' field."""
    changed = copy.deepcopy(list(objects))
    for obj in changed:
        spec = mapping(obj.get("spec"))
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            if obj.get("kind") == "NetworkPolicy" and items(spec.get(direction)):
                spec[direction] = change(peers, items(spec[direction]))
    return changed


def deny_all(namespace: str) -> Object:
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny-all", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }


def never_less(before: list[Verdict], after: list[Verdict]) -> bool:
    return all(
        RANK[old.ingress] <= RANK[new.ingress] and RANK[old.egress] <= RANK[new.egress]
        for old, new in zip(before, after, strict=True)
    )


@examples
@given(worlds(), assumptions())
def test_every_question_has_an_answer(world: World, assumed: dict[str, str]) -> None:
    answers = verdicts(world.objects, world.queries, assumed)
    assert {answer.cell for answer in answers} <= set(CELLS)
    assert all(answer.path or answer.cell == "-" for answer in answers)


@examples
@given(worlds(), assumptions())
def test_no_order_matters(world: World, assumed: dict[str, str]) -> None:
    def reverse(peers: str, rules: list[Json]) -> list[Json]:
        for rule in map(mapping, rules):
            for field in (peers, "ports"):
                if field in rule:
                    rule[field] = items(rule[field])[::-1]
        return rules[::-1]

    backwards = with_rules(world.objects[::-1], reverse)
    assert verdicts(world.objects, world.queries, assumed) == verdicts(
        backwards, world.queries, assumed
    )


@examples
@given(worlds(), worlds(), assumptions())
def test_a_policy_more_never_shuts_what_is_isolated_already(
    world: World, other: World, assumed: dict[str, str]
) -> None:
    base = [*world.objects, *map(deny_all, NAMESPACES)]
    more = copy.deepcopy([obj for obj in other.objects if obj.get("kind") == "NetworkPolicy"])
    for policy in more:
        mapping(policy["metadata"])["name"] = f"more-{key_of(policy).name}"
    before = verdicts(base, world.queries, assumed)
    assert never_less(before, verdicts([*base, *more], world.queries, assumed))


@examples
@given(worlds(), assumptions(), st.integers(0, 2))
def test_a_rule_less_never_opens_what_stays_isolated(
    world: World, assumed: dict[str, str], index: int
) -> None:
    base = [*world.objects, *map(deny_all, NAMESPACES)]
    fewer = with_rules(base, lambda _, rules: rules[:index] + rules[index + 1 :])
    before = verdicts(base, world.queries, assumed)
    assert never_less(verdicts(fewer, world.queries, assumed), before)


@examples
@given(worlds(), assumptions())
def test_a_rule_is_the_union_of_its_single_peers_and_ports(
    world: World, assumed: dict[str, str]
) -> None:
    def split(peers: str, rules: list[Json]) -> list[Json]:
        single: list[Json] = []
        for rule in map(mapping, rules):
            for peer in items(rule.get(peers)) or [None]:
                for port in items(rule.get("ports")) or [None]:
                    parts: Object = {} if peer is None else {peers: [peer]}
                    single.append(parts if port is None else {**parts, "ports": [port]})
        return single

    assert verdicts(world.objects, world.queries, assumed) == verdicts(
        with_rules(world.objects, split), world.queries, assumed
    )


def halve_blocks(peers: str, rules: list[Json]) -> list[Json]:
    for rule in map(mapping, rules):
        halves: list[Json] = []
        for peer in map(mapping, items(rule.get(peers))):
            block = mapping(peer.get("ipBlock"))
            cidr = block.get("cidr")
            network = parse_cidr(cidr) if isinstance(cidr, str) else None
            whole = network is None or "except" in block or len(peer) > 1
            if whole or network is None or network.prefixlen == network.max_prefixlen:
                halves.append(peer)
            else:
                halves += [{"ipBlock": {"cidr": str(half)}} for half in network.subnets()]
        if halves:
            rule[peers] = halves
    return rules


def halve_ranges(_: str, rules: list[Json]) -> list[Json]:
    for rule in map(mapping, rules):
        halves: list[Json] = []
        for port in map(mapping, items(rule.get("ports"))):
            first, last = port.get("port"), port.get("endPort")
            if isinstance(first, int) and isinstance(last, int) and first < last:
                middle = (first + last) // 2
                halves += [{**port, "endPort": middle}, {**port, "port": middle + 1}]
            else:
                halves.append(port)
        if halves:
            rule["ports"] = halves
    return rules


@pytest.mark.parametrize("halve", [halve_blocks, halve_ranges])
@examples
@given(world=worlds(), assumed=assumptions())
def test_a_block_or_a_range_is_its_halves(
    halve: Callable[[str, list[Json]], list[Json]], world: World, assumed: dict[str, str]
) -> None:
    assert verdicts(world.objects, world.queries, assumed) == verdicts(
        with_rules(world.objects, halve), world.queries, assumed
    )


def all_pods(objects: Sequence[Object]) -> list[Object]:
    return [obj for obj in objects if obj["kind"] == "Pod"]


@examples
@given(worlds(), assumptions())
def test_a_selector_is_the_set_of_its_pods(world: World, assumed: dict[str, str]) -> None:
    objects = copy.deepcopy(list(world.objects))
    for pod in all_pods(objects):
        mapping(mapping(pod["metadata"])["labels"])["me"] = key_of(pod).name

    def by_name(selector: Json) -> Json:
        fits = [
            p
            for p in all_pods(objects)
            if matches(mapping(selector), labels_of(p), complete=True) == "ALLOW"
        ]
        names: list[Json] = [key_of(pod).name for pod in fits]
        return {"matchExpressions": [{"key": "me", "operator": "In", "values": names or ["no"]}]}

    def rename(peers: str, rules: list[Json]) -> list[Json]:
        for peer in (mapping(p) for rule in rules for p in items(mapping(rule).get(peers))):
            if isinstance(peer.get("podSelector"), dict):
                peer["podSelector"] = by_name(peer["podSelector"])
        return rules

    changed = with_rules(objects, rename)
    for policy in (obj for obj in changed if obj["kind"] == "NetworkPolicy"):
        spec = mapping(policy["spec"])
        spec["podSelector"] = by_name(spec.get("podSelector"))
    before = verdicts(world.objects, world.queries, assumed)
    assert before == verdicts(changed, world.queries, assumed)


@examples
@given(worlds(), assumptions(), st.permutations(["a", "q", "t", "z"]))
def test_names_of_namespaces_are_only_names(
    world: World, assumed: dict[str, str], names: list[str]
) -> None:
    """Renamed everywhere at once: objects, name labels, what selectors ask of these."""
    named = dict(zip(NAMESPACES, names, strict=True))

    def rename(value: Json, *, name: bool) -> Json:
        if isinstance(value, list):
            return [rename(each, name=name) for each in value]
        if isinstance(value, dict):
            about = value.get("key") == NAME_LABEL
            return {
                key: rename(
                    each, name=key in ("namespace", NAME_LABEL) or (about and key == "values")
                )
                for key, each in value.items()
            }
        return named.get(value, value) if name and isinstance(value, str) else value

    objects = []
    for obj in world.objects:
        changed = mapping(rename(obj, name=False))
        if obj["kind"] == "Namespace":
            mapping(changed["metadata"])["name"] = named[key_of(obj).name]
        objects.append(changed)

    def end(name: str) -> str:
        namespace, slash, rest = name.partition("/")
        return f"{named[namespace]}{slash}{rest}" if slash else name

    queries = [(end(q[0]), end(q[1]), *q[2:]) for q in world.queries]
    assert verdicts(world.objects, world.queries, assumed) == verdicts(objects, queries, assumed)


@examples
@given(worlds(), assumptions(), st.data())
def test_an_atom_fares_as_each_of_its_addresses(
    world: World, assumed: dict[str, str], data: st.DataObject
) -> None:
    """M-8, EXT-2: the engine judges one address for all that no block tells apart."""
    assumed = assumed | {"pod-range-routed": "true"}
    oracle, reach = Oracle(world.objects, assumed), EngineAnswers(world.objects, assumed).reach
    port = data.draw(st.sampled_from([80, 81, 8080]))
    for family in FAMILIES:
        for atom in reach.outside.all(family):
            blocks = minus(
                reach.identity.signatures.spans(reach.identity.signature(atom)),
                reach.outside.cluster,
            )
            block = data.draw(st.sampled_from(blocks))
            address = str(Address(family, data.draw(st.integers(block.first, block.last))))
            for pod in reach.identity.pods:
                for party in reach.identity.pod_parties(pod, family):
                    name, short = f"{pod.namespace}/{pod.name}", f"v{family[-1]}"
                    into = direct(reach.judge.connection(atom, party, position("TCP", port)))
                    out = direct(reach.judge.connection(party, atom, position("TCP", port)))
                    assert letter(into) == oracle.verdict(address, name, port, "TCP", short).cell
                    assert letter(out) == oracle.verdict(name, address, port, "TCP", short).cell


@examples
@given(worlds())
def test_without_policies_all_that_lives_reaches_all_that_lives(world: World) -> None:
    objects = [obj for obj in world.objects if obj.get("kind") != "NetworkPolicy"]
    assert {v.cell for v in verdicts(objects, world.queries, NO_ASSUMPTIONS)} <= {".", "-"}


@examples
@given(worlds())
def test_only_ignorance_makes_unknown(world: World) -> None:
    """Known namespaces, TCP, UDP or SCTP, ordinary pods: every verdict is certain."""
    hosted = {end_of(obj) for obj in world.objects if mapping(obj.get("spec")).get("hostNetwork")}
    sure = {"extra-networks": "ignored", "other-platforms": "ignored"}
    held = {key_of(obj) for obj in world.objects if obj["kind"] == "Namespace"}
    wanted = {Key("Namespace", "", namespace) for namespace in NAMESPACES}
    known = [namespace_object(key.name, {}) for key in wanted - held]
    objects = [*known, *(obj for obj in world.objects if end_of(obj) not in hosted)]
    queries = [q for q in world.queries if q[3] != "ICMP" and not {q[0], q[1]} & hosted]
    assert "?" not in {verdict.cell for verdict in verdicts(objects, queries, sure)}


@pytest.mark.parametrize("module", [oracle, ends, selectors])
def test_the_oracle_shares_nothing_with_the_engine(module: ModuleType) -> None:
    source = inspect.getsource(module)
    assert "reachaudit" not in source
    assert source.count("\n") <= 300


def test_an_unknown_value_of_an_assumption_is_refused() -> None:
    with pytest.raises(ValueError, match="host-network=maybe: known are ignored, applied"):
        Oracle([], {"host-network": "maybe"})


def test_two_ends_outside_are_no_question() -> None:
    with pytest.raises(ValueError, match="neither end lies in the cluster"):
        Oracle([], {}).verdict("203.0.113.7", "198.51.100.1", 80, "TCP", "v4")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("010.0.0.0/8", "10.0.0.0/8"),
        ("10.0.1.5/24", "10.0.1.0/24"),
        ("10.0.0.0/08", "10.0.0.0/8"),
        ("::ffff:1.2.3.0/120", "1.2.3.0/24"),
        ("::ffff:010.002.003.000/0120", "10.2.3.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:1.2.3.4/95", "::fffe:0:0/95"),
        ("FD00:0000::00001/64", "fd00::/64"),
        ("0.0.0.0/00", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("10.0.0.0", None),
        ("10.0.0/8", None),
        ("10.0.0.0/33", None),
        ("10.0.0.256/24", None),
        ("10.0.0.0/255.0.0.0", None),
        ("fe80::%eth0/64", None),
        (" 10.0.0.0/8", None),
        ("10.0.0.0/8\n", None),
        ("10.0.0.0/+8", None),
        ("fd00::/129", None),
        ("", None),
    ],
)
def test_cidrs_are_read_as_the_api_server_reads_them(written: str, read: str | None) -> None:
    network = parse_cidr(written)
    assert (str(network) if network else None) == read
