"""Random NetworkPolicies, of all the shapes that the API knows and some that it refuses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from engine.ends import parse_cidr

if TYPE_CHECKING:
    from cases.apiobject import Json, Object

NAME_LABEL = "kubernetes.io/metadata.name"
VALUES: dict[str, list[Json]] = {
    "app": ["a", "b"],
    "tier": ["web", "db", ""],
    "team": ["red", "blue", ""],
    NAME_LABEL: ["u", "v", "w", "x"],
}
SINGLES = (  # addresses of pods and nodes
    *(f"10.244.{node}.{host}/32" for node in (1, 2) for host in range(10, 15)),
    *(f"fd00:0:0:1::{host:x}/128" for host in range(10, 13)),
    *(f"192.168.0.{node}/32" for node in (1, 2)),
)
BLOCKS = (
    "0.0.0.0/0",
    "0.0.0.0/1",
    "10.0.0.0/8",
    "010.0.0.0/8",  # NP-33: decimal
    "10.244.0.0/16",
    "10.244.1.0/24",
    "10.244.1.9/28",  # NP-33: host bits
    "10.244.2.0/24",
    "192.168.0.0/24",
    "192.168.0.0/31",
    "203.0.113.0/24",
    "203.0.113.128/25",
    "::ffff:1.2.3.0/120",  # NP-33: this is IPv4
    "::/0",
    "fd00::/16",
    "fd00:0:0:1::/64",
    "fd00:0:0:c::/64",
    "2001:db8::/32",
    *SINGLES,
)
NO_BLOCKS = ("", "10.0.0.0", "10.0.0.0/33", "example.org/8")
PORTS = (53, 80, 81, 8080, 8081, 9090)


def mostly(
    usual: st.SearchStrategy[Json], *rare: st.SearchStrategy[Json]
) -> st.SearchStrategy[Json]:
    """Draw the usual, and one time in sixteen something rare."""
    return st.integers(0, 15).flatmap(lambda n: st.one_of(*rare) if n == 15 else usual)


def _list(values: list[Json]) -> Json:
    return values


def _object(values: Object) -> Json:
    return values


@cache  # building strategies costs more than drawing from them
def policies(namespaces: tuple[str, ...]) -> st.SearchStrategy[list[Object]]:
    """Draw 3 to 6 policies in these namespaces."""
    return st.lists(st.tuples(st.sampled_from(namespaces), _specs()), min_size=3, max_size=6).map(
        lambda drawn: [
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": f"np{number}", "namespace": namespace},
                "spec": spec,
            }
            for number, (namespace, spec) in enumerate(drawn)
        ]
    )


def _specs() -> st.SearchStrategy[Object]:
    both = ["Ingress", "Egress"]
    types = [both, both, ["Ingress"], ["Egress"], ["Egress", "Egress"], [], None]
    everybody, some = _item(), _item(matchLabels=_equality("app"))
    return st.fixed_dictionaries(
        {
            "podSelector": mostly(st.one_of(everybody, some), st.none(), _selectors("app", "tier")),
            "ingress": _lists(_rules("from"), 1),
            "egress": _lists(_rules("to"), 1),
        },
        optional={"policyTypes": st.sampled_from(types)},
    )


def _lists(element: st.SearchStrategy[Json], least: int = 0) -> st.SearchStrategy[Json]:
    nothing: st.SearchStrategy[Json] = st.sampled_from([None, []])
    return mostly(st.lists(element, min_size=least, max_size=3).map(_list), nothing)


def _rules(direction: str) -> st.SearchStrategy[Json]:
    peers, ports = _lists(_peers(), 1), _lists(_ports(), 1)
    narrow = st.one_of(_item(**{direction: peers}), _item(**{direction: peers, "ports": ports}))
    return mostly(narrow, _item(ports=ports), st.just({}))  # NP-8, NP-13, NP-34


def _peers() -> st.SearchStrategy[Json]:
    pods = _selectors("app", "tier")
    namespaces = _selectors("team", NAME_LABEL)
    block = _ip_blocks()
    return mostly(
        st.one_of(
            _item(podSelector=pods),
            _item(namespaceSelector=namespaces),
            _item(podSelector=pods, namespaceSelector=namespaces),
            _item(ipBlock=block),
            _item(ipBlock=block),
        ),
        st.just({}),  # NP-25
        _item(podSelector=st.none(), namespaceSelector=st.just({})),  # NP-18
        _item(podSelector=pods, ipBlock=block),  # NP-26
    )


def _item(**fields: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(fields).map(_object)


def _selectors(*keys: str) -> st.SearchStrategy[Json]:
    return st.one_of(
        st.just({}),
        st.sampled_from(keys).flatmap(lambda key: _item(matchLabels=_equality(key))),
        st.sampled_from(keys).flatmap(lambda key: _item(matchExpressions=_expressions(key))),
        _item(matchLabels=_equality(keys[0]), matchExpressions=_expressions(keys[1])),
    )


def _equality(key: str) -> st.SearchStrategy[Json]:
    return st.sampled_from(VALUES[key]).map(lambda value: {key: value})


def _expressions(key: str) -> st.SearchStrategy[Json]:
    values = st.lists(st.sampled_from(VALUES[key]), min_size=1, max_size=2).map(_list)
    named = st.just(key)
    expression = mostly(
        st.one_of(
            _item(key=named, operator=st.sampled_from(["In", "NotIn"]), values=values),
            _item(key=named, operator=st.sampled_from(["Exists", "DoesNotExist"])),
        ),
        _item(key=named, operator=st.sampled_from(["In", "NotIn", "Gt"])),  # NP-24
        _item(key=named, operator=st.just("Exists"), values=values),  # NP-24
    )
    return st.lists(expression, min_size=1, max_size=2).map(_list)


def _ip_blocks() -> st.SearchStrategy[Json]:
    bare = _item(cidr=st.sampled_from(BLOCKS))
    wide = [cidr for cidr in BLOCKS if cidr not in SINGLES]
    holed = st.one_of([_block(st.just(cidr), _excepts(cidr)) for cidr in wide])
    refused = _item(cidr=st.sampled_from(NO_BLOCKS))  # NP-58
    wrong = _block(st.sampled_from(BLOCKS), st.sampled_from(BLOCKS))  # mostly NP-29
    return mostly(st.one_of(bare, holed), refused, wrong)


def _block(
    cidrs: st.SearchStrategy[str], excepts: st.SearchStrategy[str]
) -> st.SearchStrategy[Json]:
    return st.tuples(cidrs, st.lists(excepts, min_size=1, max_size=2)).map(
        lambda drawn: {"cidr": drawn[0], "except": [*drawn[1]]}
    )


def _excepts(cidr: str) -> st.SearchStrategy[str]:
    outer = parse_cidr(cidr)
    assert outer is not None
    inside = [str(half) for half in outer.subnets()]
    for block in BLOCKS:
        inner = parse_cidr(block)
        if inner and inner.network_address in outer and inner.prefixlen > outer.prefixlen:
            inside.append(block)
    return st.sampled_from(inside)


def _ports() -> st.SearchStrategy[Json]:
    numbers: st.SearchStrategy[Json] = st.sampled_from(PORTS)
    protocols: st.SearchStrategy[Json] = st.sampled_from(["TCP", "UDP", "SCTP"])
    names: st.SearchStrategy[Json] = st.sampled_from(["web", "dns"])
    return mostly(
        st.one_of(
            _item(port=numbers),
            _item(port=numbers, protocol=protocols),
            _item(port=names),
            _item(port=names, protocol=protocols),
            _item(protocol=protocols),
            _item(port=st.sampled_from([1, 53, 80]), endPort=st.sampled_from([80, 90, 65535])),
        ),
        st.just({}),  # NP-36
        _item(port=names, endPort=numbers),  # NP-38
        _item(endPort=numbers),  # NP-38
        _item(port=numbers, endPort=st.just(52)),  # NP-38
        _item(port=st.sampled_from([0, 65536, "80", "Web"])),  # NP-58
        _item(port=numbers, protocol=st.just("tcp")),  # NP-58
    )
