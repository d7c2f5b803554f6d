"""Files, folders and the standard input: what is read of them, and what is told."""

import gc
import io
import json
import os
import re
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from files.filed import deployment, policy, reading
from reachaudit.model.facts import NetworkPolicy, OpaquePolicy, Pod, Service
from reachaudit.model.names import Ref
from reachaudit.watch.files import FileError, read
from reachaudit.watch.snapshot import Problem, Snapshot

DENY = policy("web", "policyTypes: [Ingress]")
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: aHVudGVyMg==}\n"


def told(snapshot: Snapshot, folder: Path) -> list[str]:
    """Problems as `place: text`, with the folder left out."""
    return [f"{p.place}: {p.text}".replace(f"{folder}{os.sep}", "") for p in snapshot.problems]


def policies(snapshot: Snapshot) -> list[str]:
    return [str(each.ref) for each in snapshot.facts.of(NetworkPolicy)]


def test_folders_are_read_through_and_through_in_order_of_name(tmp_path: Path) -> None:
    for place in ("b/x.yml", "a.yaml", "b/c/y.json", "z.txt", ".git/hidden.yaml", "c.yaml/d.yaml"):
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        name = place.replace("/", ".").removesuffix(".txt")
        file.write_text(f"{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}}}")
    snapshot = read([str(tmp_path)])
    assert [ref.name for ref in snapshot.places] == [
        "a.yaml",
        "b.x.yml",
        "b.c.y.json",
        "c.yaml.d.yaml",
    ]
    assert snapshot.places[Ref("Service", "default", "b.x.yml")] == f"{tmp_path}/b/x.yml:1"
    assert not snapshot.problems


def test_a_file_is_read_once_however_often_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(DENY)
    (tmp_path / "b.yaml").symlink_to(tmp_path / "a.yaml")
    snapshot = read([str(tmp_path), str(tmp_path / "a.yaml"), f"{tmp_path}/./b.yaml"])
    assert policies(snapshot) == ["NetworkPolicy shop/web"]
    assert not snapshot.problems


@pytest.mark.parametrize("stdin", [io.StringIO(DENY), io.BytesIO(DENY.encode())])
def test_the_standard_input_is_a_file_like_others(
    stdin: io.StringIO | io.BytesIO, tmp_path: Path
) -> None:
    (tmp_path / "web.yaml").write_text(deployment("web"))
    snapshot = read([str(tmp_path), "-"], stdin)
    assert policies(snapshot) == ["NetworkPolicy shop/web"]
    assert snapshot.places[Ref("NetworkPolicy", "shop", "web")] == "-:2"
    assert len(list(snapshot.facts.of(Pod))) == 2


def test_it_is_read_as_bytes_whatever_the_terminals_encoding_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = io.BytesIO("﻿# ü\n".encode("utf-16") + DENY.encode("utf-16-le"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(data, encoding="ascii"))
    assert policies(read(["-"])) == ["NetworkPolicy shop/web"]


def test_a_standard_input_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.BytesIO()
    closed.close()
    assert read(["-"], closed).problems == (
        Problem("it cannot be read: I/O operation on closed file.", place="-"),
    )
    monkeypatch.setattr("sys.stdin", None)
    assert read(["-"]).problems == (
        Problem("it cannot be read: there is no standard input", place="-"),
    )


@pytest.mark.parametrize(
    ("paths", "sentence"),
    [
        ([], "name a file or a folder of manifests, or - for the standard input"),
        (["none.yaml"], "'none.yaml': there is no such file or folder"),
        ([""], "'': there is no such file or folder"),
        (["a\0b"], "'a\\x00b': there is no such file or folder"),
        (["-", "-"], "- stands twice: the standard input can be read once only"),
    ],
)
def test_a_path_that_cannot_be_ends_it(paths: list[str], sentence: str) -> None:
    with pytest.raises(FileError) as raised:
        read(paths, io.StringIO("kind: ["))
    assert str(raised.value) == sentence


def test_what_cannot_be_opened_is_told_and_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(DENY)
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    empty = tmp_path / "empty"
    empty.mkdir()
    snapshot = read([str(loop), str(empty), str(tmp_path / "a.yaml")])
    assert told(snapshot, tmp_path) == [
        "loop.yaml: it cannot be read: Too many levels of symbolic links",
        "empty: the folder holds no manifests (*.yaml, *.yml, *.json)",
    ]
    assert policies(snapshot) == ["NetworkPolicy shop/web"]


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read anything, so the system's answer is given here."""

    def refuse(*_: object) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.yaml").write_text(DENY)
    monkeypatch.setattr("builtins.open", refuse)
    snapshot = read([str(tmp_path)])
    assert told(snapshot, tmp_path) == ["a.yaml: it cannot be read: Permission denied"]


def test_a_file_can_be_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reachaudit.watch.files.sources.LARGEST", 1 << 20)
    (tmp_path / "a.yaml").write_text("#" * (1 << 20) + "#")
    assert told(read([str(tmp_path)]), tmp_path) == ["a.yaml: it is larger than 1 MiB"]


def test_the_later_of_two_counts_and_both_places_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"---\n{SECRET}---{DENY}")
    (tmp_path / "b.yaml").write_text(policy("web", "policyTypes: [Egress]"))
    snapshot = read([str(tmp_path)])
    [kept] = snapshot.facts.of(NetworkPolicy)
    assert (kept.isolates_ingress, kept.isolates_egress) == (False, True)
    assert snapshot.problems == (
        Problem(
            f"it stands twice: this one counts, not that at {tmp_path}/a.yaml:7",
            Ref("NetworkPolicy", "shop", "web"),
            f"{tmp_path}/b.yaml:2",
        ),
    )


ITEMS = [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "x"}},
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t"}, "data": {"a": "unheard"}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": 5}},
]
LIST = {"apiVersion": "v1", "kind": "List", "metadata": {"items": []}, "items": ITEMS}


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize("indent", [None, 2])
def test_lists_of_json_and_the_lines_of_their_items(
    tmp_path: Path, indent: int | None, *, secret: bool
) -> None:
    """Beside a Secret, of whose text nothing is kept, only the items' own lines are known."""
    listed = {**LIST, "items": ITEMS if secret else [ITEMS[0], ITEMS[2]]}
    text = json.dumps(listed, indent=indent)
    (tmp_path / "a.json").write_text(f"\n{text}")
    snapshot = read([str(tmp_path)])
    lines = text.split("\n")
    *_, last = begins = [2 + i for i, line in enumerate(lines) if line in ("    {", text)]
    first = begins[0]
    third = last if secret else 2 + next(i for i, t in enumerate(lines) if '"name": 5' in t)
    assert snapshot.places == {Ref("Service", "x", "s"): f"{tmp_path}/a.json:{first}"}
    assert told(snapshot, tmp_path) == [
        f"a.json:{third}: metadata.name: Expected `str`, got `int`: write it in quotes"
    ]


def test_lists_of_yaml_and_the_lines_of_their_items(tmp_path: Path) -> None:
    text = """
kind: NetworkPolicyList
apiVersion: networking.k8s.io/v1
metadata: {resourceVersion: "1"}
items:
  - metadata: {name: a, namespace: x}
    spec: {podSelector: {}}
  -
    metadata: {name: b}
    spec:
      podSelector: {}
      ingress:
        - from:
            - {}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: List
    items:
      - {apiVersion: v1, kind: Service, metadata: {name: s}}
---
kind: PodList
apiVersion: v1
items: null
---
kind: PodList
apiVersion: v1
items: {a: b}
---
kind: SecretList
apiVersion: v1
items: [{metadata: {name: t}, data: {a: b}}]
"""
    (tmp_path / "a.yaml").write_text(text)
    snapshot = read([str(tmp_path)])
    empty = "an empty peer is not allowed and matches nothing (NP-25)"
    places = {str(ref): place.rpartition(":")[2] for ref, place in snapshot.places.items()}
    assert places == {
        "NetworkPolicy x/a": "6",
        "NetworkPolicy default/b": "9",
        "Service default/s": "22",
    }
    assert told(snapshot, tmp_path) == [
        f"a.yaml:14: spec.ingress[0].from[0]: {empty}",
        "a.yaml:30: items: it is no list but a mapping",
    ]


def test_json_texts_one_after_another_and_before_yaml(tmp_path: Path) -> None:
    service = json.dumps(ITEMS[0])
    other = service.replace('"s"', '"z"')
    (tmp_path / "a.json").write_text(f"{service}\n{other}{{\n\n}} x")
    (tmp_path / "b.json").write_text(f"{service}\n---\nkind: [\n---\n{DENY}")
    (tmp_path / "c.json").write_text("{kind: Pod, apiVersion: v1, metadata: {name: p},}")
    (tmp_path / "d.json").write_text('\n{"a": 1, "a": 2}')
    snapshot = read([str(tmp_path)])
    assert {str(ref) for ref in snapshot.places} == {
        "NetworkPolicy shop/web",
        "Pod default/p",
        "Service x/s",
        "Service x/z",
    }
    assert told(snapshot, tmp_path) == [
        "a.json:2: kind: missing, so it is no API object",
        "a.json:4: no JSON: Expecting value",
        "b.json:1: it stands twice: this one counts, not that at a.json:1",
        "b.json:3: no YAML: did not find expected node content",
        "d.json:2: the key 'a' stands twice in one object",
        "d.json:2: kind: missing, so it is no API object",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"kind": NaN}', "1: no JSON: NaN is no number of JSON"),
        ('{"kind": "\\ud800"}', "1: no JSON: half of a surrogate pair"),
        ('{"a":' * 5000, "1: no JSON: it is nested too deeply"),
        ('{"a": 1,\n"b"}', "2: no JSON: Expecting ':' delimiter"),
        (f'{{"a": {"9" * 5000}}}', "1: no JSON: a number has too many digits"),
        ('{"kind": "List", "items": [}', "1: no JSON: Expecting value"),
    ],
)
def test_json_at_fault(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "a.json").write_text(f"{{}}{text}")
    assert told(read([str(tmp_path)]), tmp_path)[1:] == [f"a.json:{problem}"]


HEAD = "apiVersion: {}\nkind: {}\nmetadata: {{name: w}}\n"
POD, DEPLOYMENT = HEAD.format("v1", "Pod"), HEAD.format("apps/v1", "Deployment")
NETWORK_POLICY = HEAD.format("networking.k8s.io/v1", "NetworkPolicy")
KUSTOMIZATION = HEAD.format("kustomize.config.k8s.io/v1beta1", "Kustomization")
NAMED = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: "
PORT_0 = "      containers: [{ports: [{containerPort: 0}]}]"

FAULTS = {
    "[a]": "1: it is no API object but a list",
    "# x\n\ntext": "3: it is no API object but a text",
    "12": "1: it is no API object but a number",
    "true": "1: it is no API object but a truth value",
    "# values\nreplicas: 2": "2: kind: missing, so it is no API object",
    "kind: [Pod]": "1: kind: missing, so it is no API object",
    "kind: Pod": "1: apiVersion: missing, so it is no API object",
    "{apiVersion: v1, kind: Pod}": "1: metadata.name: missing",
    "{apiVersion: v1, kind: Pod, metadata: 1}": "1: metadata: Expected `object`, got `int`",
    f"{NAMED}Web": "4: metadata.name: 'Web' is no name of an object",
    f"{NAMED}'{{{{ .Name }}}}'": "4: metadata.name: '{{ .Name }}' is no name of an object",
    f"{NAMED}w\n  namespace: a.b": "5: metadata.namespace: 'a.b' is no name of a namespace",
    f"{NAMED}w\n  labels:\n    v: 1.0": (
        "5: metadata.labels[...]: Expected `str`, got `float`: write it in quotes"
    ),
    f"{POD}spec:\n  containers: 5": "5: spec.containers: Expected `array | null`, got `int`",
    f"{HEAD.format('v1', 'Service')}spec:\n  ports:\n    - port: 80\n    - port: web": (
        "7: spec.ports[1].port: Expected `int`, got `str`"
    ),
    HEAD.format("extensions/v1beta1", "Ingress"): (
        "1: apiVersion: extensions/v1beta1 is not served, networking.k8s.io/v1 is"
    ),
    HEAD.format("apps/v1beta2", "Deployment"): (
        "1: apiVersion: apps/v1beta2 is not served, apps/v1 is"
    ),
    f"{KUSTOMIZATION}resources: [a]\nnamePrefix: x": (
        "1: it is for kustomize, which is not run: read what `kubectl kustomize` prints"
    ),
    f"{NETWORK_POLICY}spec:\n  ingress:\n    - from: []\n      port:\n        - 80": (
        "7: spec.ingress[0].port: there is no such field"
    ),
    f"{NETWORK_POLICY}spec:\n  podSelector:\n    matchExpressions:\n      - key: a": (
        "7: spec.podSelector.matchExpressions[0]: Object missing required field `operator`"
    ),
    f"{DEPLOYMENT}spec: {{}}": "4: spec.template: missing",
    f"{DEPLOYMENT}spec:\n  replicas: -1\n  template: {{}}": "5: spec.replicas: -1 is less than 0",
    f"{DEPLOYMENT}spec:\n  selector: {{matchLabels: {{app: w}}}}\n  template: {{}}": (
        "5: spec.selector: it does not match the labels of spec.template"
    ),
    f"{DEPLOYMENT}spec:\n  template:\n    spec:\n{PORT_0}": (
        "7: spec.template.spec.containers[].ports: port 0 is not in 1-65535"
    ),
}


@pytest.mark.parametrize("text", FAULTS)
def test_each_fault_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(f"{text}\n---\n{DENY}")
    snapshot = read([str(tmp_path)])
    assert told(snapshot, tmp_path) == [f"a.yaml:{FAULTS[text]}"]
    assert "NetworkPolicy shop/web" in policies(snapshot)


def test_a_policy_that_nobody_would_take_is_no_absent_one(tmp_path: Path) -> None:
    snapshot = reading(
        tmp_path,
        "{apiVersion: extensions/v1beta1, kind: NetworkPolicy, metadata: {name: a, namespace: x}}",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: B}, spec: {}}",
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {}, metadata: {}}",
    )
    assert list(snapshot.facts.of(OpaquePolicy)) == [
        OpaquePolicy("default", "?", kind_name="NetworkPolicy"),
        OpaquePolicy("default", "B", kind_name="NetworkPolicy"),
        OpaquePolicy("x", "a", kind_name="NetworkPolicy"),
    ]
    assert len(snapshot.problems) == 3


def test_kinds_of_others_are_left_alone(tmp_path: Path) -> None:
    snapshot = reading(
        tmp_path,
        SECRET,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: A_B}}",
        "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: 5}",
        "{apiVersion: serving.knative.dev/v1, kind: Service, metadata: 5}",
        "{apiVersion: example.com/v1, kind: Pod}",
        "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, resources: [a]}",
    )
    assert not snapshot.problems
    assert not snapshot.places


def vendor(version: str, kind: str, name: str) -> str:
    """A policy of a vendor."""
    return f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: {name}}}}}"


def test_policies_of_vendors_mean_what_they_mean_live(tmp_path: Path) -> None:
    snapshot = reading(
        tmp_path,
        vendor("cilium.io/v2", "CiliumNetworkPolicy", "a"),
        vendor("cilium.io/v3", "CiliumClusterwideNetworkPolicy", "b, namespace: x"),
        vendor("projectcalico.org/v3", "NetworkPolicy", "c, namespace: x"),
        vendor("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "d"),
    )
    assert not snapshot.problems
    assert {(each.namespace, each.name) for each in snapshot.facts.of(OpaquePolicy)} == {
        ("default", "a"),
        ("", "b"),
        ("x", "c"),
        ("", "d"),
    }


def held_by(whole: object) -> set[str]:
    """The words of all texts that hang on something."""
    found, waiting, seen = set[str](), [whole], set[int]()
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            found |= set(re.split(r"\W+", each))
        elif id(each) not in seen and not isinstance(each, type | ModuleType | FunctionType):
            seen.add(id(each))
            waiting += gc.get_referents(each)
    return found


def test_nothing_of_a_secret_is_kept(tmp_path: Path) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [ITEMS[0], ITEMS[1]]}
    (tmp_path / "a.yaml").write_text(f"{SECRET}---\n{SECRET.replace('{', '[')}")
    (tmp_path / "b.json").write_text(json.dumps(listed))
    snapshot = read([str(tmp_path)])
    assert list(snapshot.places) == [Ref("Service", "x", "s")]
    assert told(snapshot, tmp_path) == ["a.yaml:8: no YAML: did not find expected ',' or ']'"]
    assert held_by(snapshot).isdisjoint(["aHVudGVyMg", "unheard"])
    assert [type(fact) for fact in snapshot.facts if isinstance(fact, Service)] == [Service]
