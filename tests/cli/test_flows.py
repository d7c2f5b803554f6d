"""`list`, `who-can-reach`, `reachable-from`, `diff`: their forms, their words, their exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.program import BIN, ROOT, SECONDS, on_terminal, reachaudit
from cli.schemas import assert_valid
from reachaudit import cli
from reachaudit.cli.command import DIFFERENT, FINE, INPUT
from reachaudit.model.facts import ContainerPort, Namespace, Node, Pod, Service, ServicePort
from reachaudit.model.ip import Address
from reachaudit.model.store import Facts
from reachaudit.outputs.diff_json import diff_json
from reachaudit.outputs.diff_text import diff_text
from reachaudit.outputs.flow_csv import COLUMNS, flows_csv
from reachaudit.outputs.flow_dot import flows_dot
from reachaudit.outputs.flow_json import LIST, document, flows_json
from reachaudit.outputs.flow_text import flows_text
from reachaudit.reach.listing.comparison import Comparison
from reachaudit.reach.listing.listing import Listing
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Reason
from reachaudit.settings import Assumptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SAMPLES = [
    f"deploy/samples/{name}.yaml"
    for name in ("shop", "payments", "data", "ingress-nginx", "monitoring", "partners")
]
GOLDEN = ROOT / "tests" / "cli" / "golden"


def test_the_list_of_the_shop_is_as_it_was_read_by_eye() -> None:
    """`reachaudit list deploy/samples/…` makes it anew; read every line that changes."""
    done = reachaudit("list", *SAMPLES)
    assert (done.code, done.err) == (FINE, "")
    assert done.out == (GOLDEN / "list.txt").read_text()


def test_the_picture_of_the_shop_is_as_it_was_looked_at() -> None:
    done = reachaudit("list", "-o", "dot", *SAMPLES)
    assert (done.code, done.err) == (FINE, "")
    assert done.out == (GOLDEN / "list.dot").read_text()


def test_what_shares_a_name_is_said_once_and_drawn_as_one() -> None:
    """Source ranges leave parts of the internet, in many CIDRs."""
    paths = ("deploy/samples/legacy.yaml", "deploy/samples/changes/5-mend-everything/apply.yaml")
    listed = ("list", "--from", "internet", "--to", "legacy/erp", *paths)
    lines = reachaudit(*listed).out.partition("\n\n")[0].splitlines()
    assert any(line.startswith("parts of internet ") for line in lines)
    assert len({*lines}) == len(lines)
    said = Counter(re.split(r" +→ ", line)[0] for line in lines)
    drawn = re.findall(
        r'"from ([^"]*)" -> "[^"]*" \[label="([^"]*)"', reachaudit(*listed, "-o", "dot").out
    )
    assert {source: label.count(r"\nby ") for source, label in drawn} == said


@pytest.mark.parametrize(
    ("command", "schema"),
    [
        (("list",), "list.v1"),
        (("list", "--by", "pod"), "list.v1"),
        (("list", "--by", "namespace", "--port", "53/UDP"), "list.v1"),
        (("list", "--from", "shop/web", "--to", "namespace/shop"), "list.v1"),
        (("who-can-reach", "data/db"), "who-can-reach.v1"),
        (("who-can-reach", "svc:shop/web", "--port", "80"), "who-can-reach.v1"),
        (("who-can-reach", "metadata"), "who-can-reach.v1"),
        (("reachable-from", "payments/gateway"), "reachable-from.v1"),
        (("reachable-from", "internet"), "reachable-from.v1"),
    ],
)
def test_json_keeps_to_its_schema(command: tuple[str, ...], schema: str) -> None:
    done = reachaudit(*command, *SAMPLES, "-o", "json")
    assert (done.code, done.err) == (FINE, "")
    assert_valid(done.out, schema)
    assert done.out.isascii()
    assert json.loads(done.out)["flows"]


@pytest.mark.parametrize("schema", ["list.v1", "who-can-reach.v1", "reachable-from.v1"])
def test_a_schema_knows_every_reason(schema: str) -> None:
    read = json.loads((ROOT / "docs" / "schemas" / f"{schema}.json").read_text())
    known = read["$defs"]["flow"]["properties"]["reason"]["enum"]
    assert {*known} == {None, *(reason.value for reason in Reason)}


def test_the_page_on_json_tells_every_reason_and_shows_what_is_printed(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "json.md").read_text()
    told = {name for row in re.findall(r"^\| (`.*?) \|", page, re.M) for name in row.split(", ")}
    assert {f"`{reason.value}`" for reason in Reason} <= told
    printed = {
        line.rstrip(",")
        for command in (("list", *SAMPLES), ("diff", *before_and_after(tmp_path)))
        for line in reachaudit(*command, "-o", "json").out.splitlines()
    }
    shown = re.findall(r'^{"from".*', page, re.M)
    assert shown
    assert printed.issuperset(shown)


def test_the_form_of_the_list_is_this() -> None:
    done = reachaudit("list", "deploy/samples/shop.yaml", "--to", "shop/api", "-o", "json")
    found = json.loads(done.out)
    assert [*found] == ["schema", "flows", "assumptions", "problems"]
    assert found["schema"] == "reachaudit.list/v1"
    assert found["problems"] == []
    assert found["flows"] == [
        {
            "from": "shop/web[Deployment]",
            "to": "shop/api[Deployment]",
            "protocol": "TCP",
            "family": "IPv4",
            "ports": [[8080, 8080]],
            "verdict": "ALLOW",
            "reason": None,
            "path": None,
        }
    ]


def test_csv_says_what_json_says() -> None:
    rows = list(csv.DictReader(io.StringIO(reachaudit("list", "-o", "csv", *SAMPLES).out)))
    flows = json.loads(reachaudit("list", "-o", "json", *SAMPLES).out)["flows"]
    assert [
        (row["from"], row["to"], row["protocol"], row["family"], row["verdict"]) for row in rows
    ] == [(x["from"], x["to"], x["protocol"], x["family"], x["verdict"]) for x in flows]
    assert [row["reason"] or None for row in rows] == [flow["reason"] for flow in flows]
    assert [len(row["ports"].split()) for row in rows] == [len(flow["ports"]) for flow in flows]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "x.yaml", "--port", "http"], "--port wants PORT, PORT/PROTOCOL or FIRST-LAST"),
        (["list", "x.yaml", "--port", "0"], "--port wants PORT, PORT/PROTOCOL or FIRST-LAST"),
        (["list", "x.yaml", "--port", "9-8"], "--port wants PORT, PORT/PROTOCOL or FIRST-LAST"),
        (["list", "x.yaml", "--port", "70000"], "--port wants PORT, PORT/PROTOCOL or FIRST-LAST"),
        (["list"], "name manifests as PATH, or a live cluster by --live"),
        (["list", "--from", "a/b", SAMPLES[0]], "there is no pod and no workload a/b"),
        (
            ["who-can-reach", "shop/wbe", SAMPLES[0]],
            "there is no pod and no workload shop/wbe; did",
        ),
        (["who-can-reach", "svc:shop/wbe", SAMPLES[0]], "there is no Service shop/wbe"),
        (["reachable-from", "svc:shop/web", SAMPLES[0]], "svc:shop/web is a way to pods"),
        (["who-can-reach", "\x1b/x", SAMPLES[0]], "there is no pod and no workload \\x1b/x"),
        (["diff", SAMPLES[0]], "name two PATHs, or --live and the PATH to apply to it"),
        (["diff", "--live", *SAMPLES[:2]], "name two PATHs, or --live and the PATH to apply"),
    ],
)
def test_wrong_input_is_one_sentence_and_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == INPUT
    out, err = capsys.readouterr()
    assert out == ""
    [line] = err.splitlines()
    assert line.startswith(f"reachaudit: {said}")
    assert line.isprintable()


@pytest.mark.parametrize("name", ["list", "diff"])
def test_what_only_a_cluster_needs_is_not_imported(name: str) -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reachaudit", name, SAMPLES[0], *EXTRA[name]],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    ).stderr
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "reachaudit.reach.reachability" in imported
    heavy = {"kopf", "kubernetes", "aiohttp", "prometheus_client", "asyncio"}
    assert not imported & heavy


EXTRA = {"list": ["-o", "json"], "diff": [SAMPLES[1]]}


def test_a_reader_that_has_read_enough_ends_it_quietly() -> None:
    with subprocess.Popen(
        [BIN / "reachaudit", "list", "--by", "pod", *SAMPLES],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(SECONDS) in (FINE, 141)  # all may have been written before


def before_and_after(path: Path) -> tuple[str, str]:
    """The shop as it is, and with a policy that lets everybody in to its database."""
    (path / "a").mkdir()
    (path / "b").mkdir()
    for sample in SAMPLES:
        text = (ROOT / sample).read_text()
        name = sample.rpartition("/")[2]
        (path / "a" / name).write_text(text)
        (path / "b" / name).write_text(text)
    (path / "b" / "open.yaml").write_text(OPEN)
    return str(path / "a"), str(path / "b")


OPEN = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: data}
spec: {podSelector: {matchLabels: {app: orders-db}}, ingress: [{ports: [{port: 5432}]}]}
"""


OPENED = ("data/db[Deployment]", "monitoring/prometheus[Deployment]", "partners/portal[Deployment]")


def test_a_difference_is_told_and_ends_in_1_where_that_is_asked_for(tmp_path: Path) -> None:
    old, new = before_and_after(tmp_path)
    told = reachaudit("diff", old, new)
    assert (told.code, told.err) == (FINE, "")
    assert told.out.splitlines()[:2] == [
        "Flows: 3 gained.",
        f"+ {', '.join(OPENED)} → data/orders-db[StatefulSet]  5432/TCP IPv4",
    ]
    assert reachaudit("diff", old, new, "--exit-code").code == DIFFERENT
    assert reachaudit("diff", new, old, "--exit-code").code == DIFFERENT
    same = reachaudit("diff", old, old, "--exit-code")
    assert (same.code, same.out.splitlines()[0]) == (FINE, "No flow differs.")


def test_the_json_of_a_difference_keeps_to_its_schema(tmp_path: Path) -> None:
    old, new = before_and_after(tmp_path)
    there, back = (
        reachaudit("diff", *paths, "-o", "json").out for paths in ((old, new), (new, old))
    )
    for text in (there, back):
        assert_valid(text, "diff.v1")
    forth, reverse = json.loads(there)["summary"], json.loads(back)["summary"]
    assert (forth["gained"], forth["settled"]) == (reverse["lost"], reverse["unsure"])


def test_changes_have_colours_on_a_terminal_alone(tmp_path: Path) -> None:
    old, new = before_and_after(tmp_path)
    assert "\x1b[32m+ " in on_terminal("diff", old, new)
    assert "\x1b" not in reachaudit("diff", old, new).out


ANY_TEXT = st.text(st.characters(codec=None), min_size=1, max_size=12) | st.sampled_from(
    [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@x",
        "\tx",
        '"',
        "\\",
        '"]; x -> y; [',
        "a,b",
        "\r\n",
        "\u202e",
    ]
)


def hostile(names: Iterable[str]) -> Reachability:
    """A cluster with anything in its names."""
    one, other, third = names
    web = ContainerPort("http", 80, "TCP", host_port=8080)
    address = Address("IPv4", 0x0AF40105)
    return Reachability(
        Facts(
            [
                Namespace("", one),
                Node("", third, (Address("IPv4", 0xC0A80001),)),
                Pod(one, other, (), (address,), third, phase="Running", ports=(web,), ready=True),
                Pod(third, one, (), (Address("IPv4", 0x0AF40106),), third, phase="Running"),
                Service(
                    one,
                    third,
                    "NodePort",
                    cluster_ips=(Address("IPv4", 0x0A600001),),
                    families=("IPv4",),
                    selector=(),
                    ports=(ServicePort("", "TCP", 80, 80, 30080),),
                ),
            ]
        ),
        Assumptions(),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=3, max_size=3, unique=True))
def test_no_name_breaks_any_form(names: list[str]) -> None:
    reach = hostile(names)
    listed = Listing(reach)
    peers, found = listed.peers, list(listed.alike())
    text = "".join(flows_text(peers, listed.own, found))
    told = "".join(document(LIST, {}, "flows", flows_json(peers, found), [names[0]], names))
    table = "".join(flows_csv(peers, found))
    picture = "".join(flows_dot(peers, listed.own, found))
    for each in (text, told, table, picture):
        assert all(c == "\n" or unicodedata.category(c)[0] != "C" for c in each)
    assert_valid(told, "list.v1")
    rows = list(csv.reader(io.StringIO(table)))
    flows = json.loads(told)["flows"]
    assert len(rows) == 1 + len(flows)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row
    )
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', picture)
    drawn = [line for line in bare.splitlines() if " -> " in line]
    assert all(DRAWN.fullmatch(line) for line in drawn)
    assert bare.count("{") == bare.count("}")


DRAWN = re.compile(r'  "" -> "" \[label=""(, [a-z]+=(""|[a-z]+))*\];')


@settings(max_examples=30, deadline=None)
@given(st.lists(ANY_TEXT, min_size=6, max_size=6, unique=True))
def test_no_name_breaks_a_difference(names: list[str]) -> None:
    comparison = Comparison(hostile(names[:3]), hostile(names[3:]))
    changed = list(comparison.changed())
    text = "".join(diff_text(comparison.peers, comparison.own, changed))
    told = "".join(diff_json(comparison.peers, changed, [], []))
    for each in (text, told):
        assert all(c == "\n" or unicodedata.category(c)[0] != "C" for c in each)
    assert_valid(told, "diff.v1")


@pytest.mark.parametrize(
    "ends",
    [
        ("shop/web", "data/db"),
        ("shop/cart", "svc:data/db"),
        ("internet", "shop/web"),
        ("internet", "ing:shop.example.com/"),
        ("payments/gateway", "203.0.113.7"),
    ],
)
def test_an_explanation_as_json_keeps_to_its_schema(ends: tuple[str, str]) -> None:
    done = reachaudit("explain", *ends, *SAMPLES, "-o", "json")
    assert (done.code, done.err) == (FINE, "")
    assert_valid(done.out, "explain.v1")
