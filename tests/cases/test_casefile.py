"""The case format itself: what it reads, and that it refuses what nobody can have meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import cases.test_cases as suite
from cases.apiobject import Key, Object, key_of, labels_of, mapping
from cases.casefile import Finding, read_cases
from cases.engine_answers import engine, read_facts
from cases.markdown import CaseError
from cases.oracle_answers import oracle
from cases.runner import judge
from reachaudit.model.facts import NetworkPolicy, OpaquePolicy
from reachaudit.settings import SettingError

if TYPE_CHECKING:
    from pathlib import Path

    from cases.casefile import Case, Opening, Step

CLUSTER = """
```cluster
ns y team=red
x/a pod=a
y/b pod=b
```
"""
POLICY = """
```yaml
kind: NetworkPolicy
metadata: {name: deny, namespace: x}
spec: {podSelector: {}, policyTypes: [Ingress]}
```
"""
TABLE = """
```reach 80/TCP
     x/a  y/b
x/a  .    .
y/b  i    .
```
"""


def steps(folder: Path, body: str, *, title: str = "# Title\n") -> tuple[Step, ...]:
    file = folder / "case.md"
    file.write_text(f"{title}\n## Case\n{body}", encoding="utf-8")
    return read_cases(file)[0].steps


def by_key(step: Step) -> dict[Key, Object]:
    return {key_of(obj): obj for obj in step.objects}


def case_of(folder: Path, body: str) -> Case:
    steps(folder, body)
    return read_cases(folder / "case.md")[0]


def test_right_table_passes_and_a_wrong_cell_is_named(tmp_path: Path) -> None:
    assert judge(case_of(tmp_path, CLUSTER + POLICY + TABLE), oracle()) == []
    wrong = case_of(tmp_path, CLUSTER + POLICY + TABLE.replace("i    .", "e    ."))
    assert judge(wrong, oracle()) == [
        f"{tmp_path / 'case.md'}:18: reach 80/TCP v4",
        "  y/b → x/a: written e, answered i",
    ]


def test_a_case_that_lies_fails_in_the_suite(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    case = case_of(tmp_path, CLUSTER + POLICY + TABLE.replace("i    .", ".    ."))
    with pytest.raises(pytest.fail.Exception, match=r"y/b → x/a: written \., answered i"):
        suite.test_case(case, "oracle", request)


def test_updating_rewrites_that_table_alone(tmp_path: Path) -> None:
    other = TABLE.replace("80/TCP", "80/UDP").replace("i    .", "e    .")
    case = case_of(tmp_path, CLUSTER + POLICY + TABLE + "Prose stays.\n" + other)
    before = case.file.read_text(encoding="utf-8")
    assert judge(case, oracle()) != []
    assert case.file.read_text(encoding="utf-8") == before
    assert judge(case, oracle(), update=True) != []
    assert case.file.read_text(encoding="utf-8") == before.replace("y/b  e    .", "y/b  i    .")


def test_the_world_is_what_an_api_server_holds(tmp_path: Path) -> None:
    lines = """
```cluster
node n1 192.168.0.9,fd00::9 podCIDR=10.1.0.0/24,fd00:0:0:1::/64 external=203.0.113.9 zone=a
no-ns w
w/p
x/web app=web ports=web:8080/TCP,53/UDP owner=Deployment/web
x/own 10.1.0.10
x/h hostNetwork terminating
x/gone phase=Succeeded
```
"""
    (step,) = steps(tmp_path, lines + "```reach 80/TCP v6\n       x/h\nx/web  .\n```\n")
    world = by_key(step)
    assert Key("Namespace", "", "x") in world
    assert Key("Namespace", "", "w") not in world
    assert world[Key("Node", "", "n1")]["status"] == {
        "addresses": [
            {"type": "InternalIP", "address": "192.168.0.9"},
            {"type": "InternalIP", "address": "fd00::9"},
            {"type": "ExternalIP", "address": "203.0.113.9"},
            {"type": "Hostname", "address": "n1"},
        ],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    web = world[Key("Pod", "x", "web")]
    assert web["status"] == {
        "phase": "Running",
        "hostIP": "192.168.0.9",
        "hostIPs": [{"ip": "192.168.0.9"}, {"ip": "fd00::9"}],
        "podIP": "10.1.0.12",
        "podIPs": [{"ip": "10.1.0.12"}, {"ip": "fd00:0:0:1::c"}],
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    owner = mapping(world[Key("ReplicaSet", "x", "web-1")])
    assert mapping(owner["metadata"])["ownerReferences"] == [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}
    ]
    hosted = mapping(world[Key("Pod", "x", "h")]["status"])
    assert hosted["podIPs"] == [{"ip": "192.168.0.9"}, {"ip": "fd00::9"}]
    assert "deletionTimestamp" in mapping(world[Key("Pod", "x", "h")]["metadata"])


def test_changes_make_steps(tmp_path: Path) -> None:
    change = """
```change
- NetworkPolicy x/deny
~ y/b tier=web pod-
~ ns y team-
+ z/c pod=c
+
kind: Service
metadata: {name: s, namespace: x}
spec: {clusterIP: 10.96.0.10, ports: [{port: 80}]}
```

```assume
pod-range-routed=true
```

```reach 443/TCP
     svc:x/s  z/c
y/b  .        .
```

```findings
RA005 NetworkPolicy x/p
RA020 high Node n1
RA020 Node n1
RA001 none
```
"""
    first, second = steps(tmp_path, CLUSTER + POLICY + TABLE + change)
    assert first.assumptions == {}
    assert second.assumptions == {"pod-range-routed": "true"}
    assert Key("NetworkPolicy", "x", "deny") in by_key(first)
    assert Key("NetworkPolicy", "x", "deny") not in by_key(second)
    assert labels_of(by_key(second)[Key("Pod", "y", "b")]) == {"tier": "web"}
    assert "team" not in labels_of(by_key(second)[Key("Namespace", "", "y")])
    assert labels_of(by_key(first)[Key("Namespace", "", "y")])["team"] == "red"
    assert second.findings is not None
    assert second.findings.checks == {"RA001", "RA005", "RA020"}
    assert second.findings.expected == (
        Finding("RA005", "NetworkPolicy", "x", "p"),
        Finding("RA020", "Node", "", "n1", "high"),
        Finding("RA020", "Node", "", "n1"),
    )
    assert not oracle().covers(second, second.tables[0])


def findings_case(folder: Path, *lines: str) -> Case:
    return case_of(folder, CLUSTER + POLICY + "\n".join(["", "```findings", *lines, "```", ""]))


def told(case: Case, *found: Finding) -> list[str] | None:
    """What is told where these are found, less the line that says where."""
    differences = judge(case, replace(oracle(), findings=lambda _: found))
    assert not differences or differences.pop(0) == f"{case.file}:17: findings"
    return differences


def test_findings_are_exact_for_the_checks_that_are_named(tmp_path: Path) -> None:
    case = findings_case(tmp_path, "RA005 NetworkPolicy x/p", "RA007 none")
    right = Finding("RA005", "NetworkPolicy", "x", "p", "low")
    unasked = Finding("RA001", "Namespace", "", "x", "medium")
    surplus = Finding("RA007", "NetworkPolicy", "x", "q", "high")
    assert told(case, right, unasked) == []
    assert told(case, unasked) == ["  missing: RA005 NetworkPolicy x/p"]
    assert told(case, right, surplus) == ["  not expected: RA007 high NetworkPolicy x/q"]


def test_a_severity_holds_where_it_is_written(tmp_path: Path) -> None:
    case = findings_case(tmp_path, "RA001 high Namespace x", "RA002 Namespace x")
    high = Finding("RA001", "Namespace", "", "x", "high")
    other = Finding("RA002", "Namespace", "", "x", "low")
    assert told(case, high, other) == []
    assert told(case, high, other._replace(severity="critical")) == []
    assert told(case, high._replace(severity="medium"), other) == [
        "  missing: RA001 high Namespace x",
        "  not expected: RA001 medium Namespace x",
    ]


def test_a_finding_that_is_there_twice_is_written_twice(tmp_path: Path) -> None:
    low = Finding("RA035", "Ingress", "x", "i", "low")
    high = low._replace(severity="high")
    once = findings_case(tmp_path, "RA035 Ingress x/i")
    assert told(once, low) == []
    assert told(once, low, low) == ["  not expected: RA035 low Ingress x/i"]
    twice = findings_case(tmp_path, "RA035 Ingress x/i", "RA035 low Ingress x/i")
    assert told(twice, low, high) == told(twice, high, low) == told(twice, low, low) == []
    assert told(twice, low) == ["  missing: RA035 Ingress x/i"]


def test_a_case_of_findings_alone_is_for_those_who_have_findings(tmp_path: Path) -> None:
    case = case_of(tmp_path, CLUSTER + POLICY + "```findings\nRA005 none\n```\n")
    assert judge(case, oracle()) is None


SERVICE = """
```yaml
kind: Service
metadata: {name: s, namespace: x}
spec: {type: NodePort, clusterIP: 10.96.0.10, ports: [{port: 80, nodePort: 30080}]}
```
"""
OPEN = "private . Service x/s NodePort 30080/TCP: x/a[Pod]"


def openings_case(folder: Path, *lines: str) -> Case:
    return case_of(folder, CLUSTER + SERVICE + "\n".join(["", "```openings", *lines, "```", ""]))


def test_openings_are_exact_for_the_objects_that_are_named(tmp_path: Path) -> None:
    case = openings_case(tmp_path, OPEN, "none Service x/t")
    assert case.steps[0].openings is not None
    (right,) = case.steps[0].openings.expected
    assert str(right) == OPEN

    def said(*found: Opening) -> list[str]:
        told = judge(case, replace(oracle(), openings=lambda _: found))
        assert told is not None
        return told[1:]

    assert said(right, right._replace(by="Service x/u")) == []
    assert said() == [f"  missing: {OPEN}"]
    assert said(right._replace(cell="i")) == [
        f"  missing: {OPEN}",
        f"  not expected: {OPEN.replace(' . ', ' i ')}",
    ]
    six = right._replace(by="Service x/t", family="v6", target="nodes")
    assert said(right, six) == [
        "  not expected: private v6 . Service x/t NodePort 30080/TCP: nodes"
    ]


def test_an_opening_that_lies_fails_by_the_engine(tmp_path: Path) -> None:
    wrong = openings_case(tmp_path, OPEN)  # nobody is behind the Service
    assert judge(wrong, engine()) == [f"{wrong.file}:17: openings", f"  missing: {OPEN}"]
    assert judge(openings_case(tmp_path, "none Service x/s"), engine()) == []
    assert judge(wrong, oracle()) is None


def test_policies_of_vendors_are_told_apart_by_their_group(tmp_path: Path) -> None:
    vendors = """
```yaml
apiVersion: crd.projectcalico.org/v1
kind: NetworkPolicy
metadata: {name: calico, namespace: x}
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: cilium}
```
"""
    (step,) = steps(tmp_path, CLUSTER + POLICY + vendors + TABLE)
    policies = [
        str(fact.ref)
        for fact in read_facts(step.objects)
        if isinstance(fact, NetworkPolicy | OpaquePolicy)
    ]
    assert policies == [
        "NetworkPolicy x/deny",
        "NetworkPolicy.crd.projectcalico.org x/calico",
        "CiliumClusterwideNetworkPolicy.cilium.io cilium",
    ]


def test_an_assumption_that_nobody_knows_fails_by_the_engine(tmp_path: Path) -> None:
    case = case_of(tmp_path, CLUSTER + "```assume\npods-are-nice=true\n```\n" + TABLE)
    with pytest.raises(SettingError, match="no assumption is named 'pods-are-nice'"):
        judge(case, engine())


def test_the_fixture_is_inherited_unless_a_case_has_its_own(tmp_path: Path) -> None:
    file = tmp_path / "case.md"
    own = "```cluster\nx/z\n```\n\n```reach 80/TCP\n     x/z\nx/z  .\n```\n"
    file.write_text(f"# T\n{CLUSTER}\n## One\n{TABLE}\n## Two\n{own}", encoding="utf-8")
    one, two = read_cases(file)
    assert Key("Pod", "x", "a") in by_key(one.steps[0])
    assert Key("Pod", "x", "a") not in by_key(two.steps[0])
    assert Key("Pod", "x", "z") in by_key(two.steps[0])


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        (CLUSTER + POLICY, 3, "shows no table, findings or openings at all"),
        (
            CLUSTER + TABLE + "```change\n~ x/a pod-\n```\n",
            3,
            "no table, findings or openings after its last",
        ),
        (CLUSTER + "```reech 80/TCP\n```\n", 10, "unknown block kind 'reech'"),
        (CLUSTER + "```\n```\n", 10, "unknown block kind ''"),
        (CLUSTER + "```reach 80/TCP\n", 10, "never closed"),
        (CLUSTER + TABLE.replace("i ", "q "), 11, "cell 'q' is none of"),
        (CLUSTER + TABLE.replace("i ", ".. "), 11, "cell '..' is none of"),
        (CLUSTER + TABLE.replace("i    .", "i"), 11, "a name and 2 cells are wanted"),
        (CLUSTER + TABLE.replace("y/b", "y/c"), 11, "y/c: the world holds no such pod"),
        (CLUSTER + TABLE.replace("y/b", "node:n9"), 11, "the world holds no Node n9"),
        (CLUSTER + TABLE.replace("y/b  i", "svc:x/s  i"), 11, "a frontend is a destination"),
        (CLUSTER + TABLE.replace("x/a  y/b", "x/a  svc:x/s"), 11, "holds no Service x/s"),
        (CLUSTER + TABLE.replace("x/a  y/b", "x/a  x/a"), 11, "stands twice on an axis"),
        (CLUSTER + TABLE.replace("y/b  i", "fd00::1  i"), 11, "no v4 address"),
        (CLUSTER + TABLE + TABLE, 17, "an earlier table shows some of these flows"),
        (CLUSTER + TABLE.replace("80/TCP", "80/tcp"), 11, "write reach PORT/PROTOCOL"),
        (CLUSTER + TABLE.replace("80/TCP", "70000/TCP"), 11, "a port is 1 to 65535"),
        (CLUSTER + TABLE.replace("80/TCP", "80/TCP v5"), 11, "write reach PORT/PROTOCOL"),
        (CLUSTER + TABLE + POLICY, 17, "the world changes by change blocks"),
        (CLUSTER + "```change\n- NetworkPolicy x/p\n```\n", 11, "no NetworkPolicy x/p to delete"),
        (CLUSTER + "```change\nx/c\n```\n", 11, "a change is"),
        (CLUSTER + "```change\n~ x/c a=b\n```\n", 11, "there is no Pod x/c to relabel"),
        (CLUSTER + "```change\n~ x/a app-\n```\n", 11, "has no such label to drop"),
        (CLUSTER + "```assume\npod range routed\n```\n", 11, "an assumption is written name=value"),
        (CLUSTER + "```findings\nRA5 Pod x/a\n```\n", 11, "write RA005 Kind ns/name"),
        (CLUSTER + "```findings\nRA005 grave Pod x/a\n```\n", 11, "RA005 high Kind ns/name"),
        (CLUSTER + "```findings\nRA005 high none\n```\n", 11, "or RA005 none"),
        (CLUSTER + f"```openings\n{OPEN[:-5]}\n```\n", 11, "write internet . Service x/s"),
        (CLUSTER + f"```openings\n{OPEN[:8]}q{OPEN[9:]}\n```\n", 11, "or none Service x/s"),
        (CLUSTER + "```openings\n```\n", 10, "names at least one object"),
        (CLUSTER + f"```openings\n{OPEN}\n```\n" * 2, 13, "a second openings block"),
        (CLUSTER + "```yaml\nkind: NetworkPolicy\n```\n", 10, "needs a kind and a metadata.name"),
        (
            CLUSTER + "```yaml\nkind: Pod\nmetadata: {name: a}\n```\n",
            10,
            "needs a metadata.namespace",
        ),
        (
            CLUSTER + "```yaml\nkind: Fly\nmetadata: {name: a, namespace: x}\n```\n",
            10,
            "apiVersion",
        ),
        (CLUSTER + "```yaml\nkind: Pod\nkind: Pod\n```\n", 10, "stands twice"),
        (CLUSTER + "```yaml\nkind: [\n```\n", 10, "no YAML"),
        ("```cluster\nnode n1\nx/a @n7\n```\n", 6, "@n7: there is no such node"),
        ("```cluster\nx/a hostnetwork\n```\n", 5, "neither an address, a flag nor key=value"),
        ("```cluster\nx\n```\n", 5, "a line begins with node, ns, no-ns or a pod's ns/name"),
        ("```cluster\nx/a ports=web\n```\n", 5, "write [name:]number[/PROTOCOL]"),
        ("~~~\n", 4, "a block's fence is ```"),
    ],
)
def test_nonsense_is_refused_with_file_and_line(
    tmp_path: Path, body: str, line: int, message: str
) -> None:
    with pytest.raises(CaseError) as refused:
        steps(tmp_path, body)
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / 'case.md'}:{line}: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "begins with one # heading"),
        ("## Case\n", "begins with one # heading"),
        ("# T\n", "holds at least one ## case"),
        (f"# T\n## A\n{CLUSTER}{TABLE}\n## A\n{CLUSTER}{TABLE}", "two cases are named 'A'"),
        (f"# T\n## A\n{CLUSTER}{TABLE}\n# U\n", "a case file has one # heading"),
        (f"# T\n{TABLE}\n## A\n", "one cluster block at most"),
        ("```cluster\n```\n# T\n", "a block stands below a heading"),
    ],
)
def test_a_file_of_no_sense_is_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "case.md"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(CaseError, match=message):
        read_cases(file)


def test_a_cidr_of_several_atoms_is_refused(tmp_path: Path) -> None:
    table = "```reach 80/TCP\n     203.0.113.0/24\nx/a  .\n```\n"
    policy = """
```yaml
kind: NetworkPolicy
metadata: {name: p, namespace: x}
spec:
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 203.0.113.32/27}}]}]
```
"""
    with pytest.raises(ValueError, match=r"no single atom: \. e"):
        judge(case_of(tmp_path, CLUSTER + policy + table), oracle())
