"""The forms of a scan: readers that others wrote take them, whatever text is in a finding."""

import json
import unicodedata
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from junitparser import Failure, JUnitXml

from cli.annotations import annotations
from cli.schemas import assert_sarif, assert_valid
from reachaudit.checks.catalogue import ABOUT
from reachaudit.cli import scan
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.names import Ref
from reachaudit.outputs.formats import FORMATS
from reachaudit.outputs.report import Found, Place, Report, located
from reachaudit.outputs.report_text import report_text
from reachaudit.outputs.text import safe

NODE_PORT = Finding(
    "RA025",
    Severity.HIGH,
    Ref("Service", "data", "db"),
    "Opens 30063/TCP on every node: the internet reaches data/db[Deployment].",
    "Make it ClusterIP.",
    field="spec.type",
    target="30063",
    path=("ALLOW: internet → NodePort 30063/TCP → data/db[Deployment]",),
    rules=("SVC-25", "SVC-27"),
)
UNGUARDED = Finding(
    "RA001", Severity.MEDIUM, Ref("Namespace", "", "shop"), "No policy.", "Apply one."
)
IDLE = Finding(
    "RA005", Severity.LOW, Ref("NetworkPolicy", "shop", "idle"), "Selects no pod.", "Delete it."
)
REPORT = Report(
    (
        Found(NODE_PORT, Place("manifests/data.yaml", 12)),
        Found(UNGUARDED, None),
        Found(IDLE, Place("/abs/a b.yaml", 3)),
    ),
    ("host-network=ignored", "pods run"),
    ("manifests/odd.yaml:3: it is odd",),
)
MACHINES = sorted(FORMATS)

ANY_TEXT = st.text(st.characters(codec=None), min_size=1, max_size=60) | st.sampled_from(
    ["::error::", "]]>", "%0A", "%", "a,b=c:d", "\r\n::stop-commands::x", "\u202e", "[a](b)", "{0}"]
)


def file_name(text: str) -> str:
    """As the operating system gives names of files."""
    return text.replace("\0", "0").encode(errors="surrogatepass").decode(errors="surrogateescape")


@st.composite
def hostile(draw: st.DrawFn) -> tuple[Finding, Place, str]:
    """A finding, its place and a problem, with anything in all texts of others."""
    finding = replace(
        NODE_PORT,
        cause=Ref("Service", draw(ANY_TEXT), draw(ANY_TEXT)),
        message=draw(ANY_TEXT),
        fix=draw(ANY_TEXT),
        field=draw(ANY_TEXT),
        target=draw(ANY_TEXT),
        path=(draw(ANY_TEXT),),
    )
    place = Place(file_name(draw(ANY_TEXT)), draw(st.integers(min_value=1)))
    return finding, place, draw(ANY_TEXT)


def test_there_is_a_writer_for_each_form() -> None:
    assert set(scan.FORMATS) == {"text", *FORMATS}


@given(hostile())
def test_no_text_breaks_any_form(odd: tuple[Finding, Place, str]) -> None:
    finding, place, problem = odd
    report = Report((Found(finding, place),), problems=(problem,))
    written = {form: write(report) for form, write in FORMATS.items()}
    for text in (*written.values(), report_text(report)):
        assert all(c == "\n" or unicodedata.category(c)[0] != "C" for c in text)
    assert_valid(written["json"], "scan.v1")
    assert_sarif(written["sarif"])
    [suite] = [suite for suite in JUnitXml.fromstring(written["junit"].encode()) if suite.failures]
    [case] = suite
    assert case.result[0].message == safe(finding.message)
    [annotation] = annotations(written["github"])
    assert annotation.properties["file"] == safe(place.file)
    assert len(report_text(report).splitlines()) == 7


def test_the_text_is_for_reading() -> None:
    assert report_text(REPORT) == (
        "HIGH RA025 NodePort Service\n"
        "  Service data/db, manifests/data.yaml:12: spec.type\n"
        "  Opens 30063/TCP on every node: the internet reaches data/db[Deployment].\n"
        "  ALLOW: internet → NodePort 30063/TCP → data/db[Deployment]\n"
        "  Fix: Make it ClusterIP.\n"
        "\n"
        "MEDIUM RA001 Namespace with pods but no NetworkPolicy\n"
        "  Namespace shop\n"
        "  No policy.\n"
        "  Fix: Apply one.\n"
        "\n"
        "LOW RA005 NetworkPolicy that selects no pod\n"
        "  NetworkPolicy shop/idle, /abs/a b.yaml:3\n"
        "  Selects no pod.\n"
        "  Fix: Delete it.\n"
        "\n"
        "3 findings: 1 high, 1 medium, 1 low. 1 problem with what was read.\n"
        "\n"
        "Assumed: host-network=ignored; pods run.\n"
    )
    assert report_text(Report(())) == "No findings.\n"


def test_the_text_folds_at_a_width_and_breaks_no_word() -> None:
    text = report_text(REPORT, width=60)
    assert all(len(line) <= 60 for line in text.splitlines())
    assert text.split() == report_text(REPORT).split()


def test_json_counts_by_severity_and_says_where() -> None:
    text = FORMATS["json"](REPORT)
    assert_valid(text, "scan.v1")
    document = json.loads(text)
    assert document["summary"] == {"critical": 0, "high": 1, "medium": 1, "low": 1, "info": 0}
    places = [finding["place"] for finding in document["findings"]]
    assert places == [
        {"file": "manifests/data.yaml", "line": 12},
        None,
        {"file": "/abs/a b.yaml", "line": 3},
    ]
    assert document["assumptions"] == ["host-network=ignored", "pods run"]
    assert document["problems"] == ["manifests/odd.yaml:3: it is odd"]


def test_sarif_names_rules_levels_and_lines() -> None:
    text = FORMATS["sarif"](REPORT)
    assert_sarif(text)
    [run] = json.loads(text)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(ABOUT)
    assert all(rule["help"]["text"] for rule in rules)
    node_port, unguarded, idle = run["results"]
    assert [r["level"] for r in run["results"]] == ["error", "warning", "note"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert node_port["partialFingerprints"]["reachaudit/v1"] == NODE_PORT.fingerprint
    [location] = node_port["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "manifests/data.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12},
    }
    [location] = unguarded["locations"]
    assert location == {
        "logicalLocations": [
            {"name": "shop", "fullyQualifiedName": "Namespace shop", "kind": "resource"}
        ]
    }
    artifact = idle["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "file:///abs/a%20b.yaml"}


def test_no_findings_are_good_sarif_too() -> None:
    assert_sarif(FORMATS["sarif"](Report(())))


def test_junit_has_a_suite_a_check_and_a_failure_a_finding() -> None:
    read = JUnitXml.fromstring(FORMATS["junit"](REPORT).encode())
    suites = list(read)
    assert (read.tests, read.failures, read.errors) == (sum(len(list(s)) for s in suites), 3, 0)
    assert [suite.name.partition(" ")[0] for suite in suites] == list(ABOUT)
    for suite in suites:
        cases = list(suite)
        assert suite.tests == len(cases)
        assert suite.failures == sum(not case.is_passed for case in cases)
    [case] = next(suite for suite in suites if suite.name == "RA025 NodePort Service")
    assert (case.classname, case.name) == ("reachaudit.RA025", "Service data/db 30063")
    [failure] = case.result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ("high", NODE_PORT.message)
    assert "Fix: Make it ClusterIP." in failure.text


def test_annotations_stand_at_their_lines() -> None:
    first, second, third = annotations(FORMATS["github"](REPORT))
    assert [each.command for each in (first, second, third)] == ["error", "warning", "notice"]
    assert first.properties == {
        "file": "manifests/data.yaml",
        "line": "12",
        "title": "RA025 NodePort Service",
    }
    assert first.message.splitlines() == [
        f"Service data/db: {NODE_PORT.message}",
        *NODE_PORT.path,
        "Fix: Make it ClusterIP.",
    ]
    assert "file" not in second.properties


def test_github_s_own_separators_are_escaped() -> None:
    odd = Report((Found(replace(IDLE, message="a%0Ab::c"), Place("x:y,z=%.yaml", 1)),))
    text = FORMATS["github"](odd)
    assert "file=x%3Ay%2Cz=%25.yaml,line=1," in text
    assert "a%250Ab::c" in text


def test_a_finding_is_where_its_field_is() -> None:
    def place(ref: Ref, field: str) -> str:
        return f"c:d.yaml:{len(ref.name) + len(field)}"

    [found, other] = located([NODE_PORT, IDLE], [NODE_PORT.cause], place)
    assert found.place == Place("c:d.yaml", len("db" + "spec.type"))
    assert other.place is None


def test_a_namespace_is_where_its_first_object_is() -> None:
    places = {Ref("Pod", "shop", "a"): "b:9", Ref("Service", "shop", "s"): "a:1"}
    [found] = located([UNGUARDED], places, lambda ref, _: places[ref])
    assert found.place == Place("b", 9)
    own = {**places, UNGUARDED.cause: "c:2"}
    [found] = located([UNGUARDED], own, lambda ref, _: own[ref])
    assert found.place == Place("c", 2)
    [found] = located([UNGUARDED], [], lambda ref, _: places[ref])
    assert found.place is None
