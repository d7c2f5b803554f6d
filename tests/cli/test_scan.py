"""`reachaudit scan` from manifests: what the operator would find, where, and its exit codes."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from cases.engine_answers import read_facts
from cli.annotations import annotations
from cli.program import on_terminal, reachaudit
from cli.schemas import assert_sarif, assert_valid
from engine.samplestates import running, states
from reachaudit import cli
from reachaudit.cli.command import CLUSTER, DIFFERENT, FINE, INPUT
from reachaudit.findings.finding import Finding
from reachaudit.model.store import Facts
from reachaudit.round.audit import audit
from reachaudit.settings import SYSTEM_NAMESPACES, Assumptions
from reachaudit.watch.files import read

STATES = states()
WEB = """kind: Namespace
apiVersion: v1
metadata: {name: shop}
---
kind: Pod
apiVersion: v1
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: main, image: example.com/web}]}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: wbe}}}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
SOUND = WEB.replace("wbe", "web")
NODE_PORT = """---
kind: Service
apiVersion: v1
metadata: {name: web, namespace: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}
---
kind: NetworkPolicy
apiVersion: networking.k8s.io/v1
metadata: {name: all, namespace: shop}
spec: {podSelector: {}, ingress: [{}]}
"""
HALF = SOUND + "---\nkind: Pod\napiVersion: v1\nmetadata: {name: 7}\n"
BROKEN = SOUND + "---\nkind: [\n"


class Told(NamedTuple):
    """What a scan came to."""

    code: int
    out: str
    err: str


class Scan:
    """Scans text in a file, in this process."""

    def __init__(self, file: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.file, self._captured = file, captured

    def __call__(self, text: str, *arguments: str) -> Told:
        self.file.write_text(text)
        code = cli.main(["scan", str(self.file), *arguments])
        return Told(code, *self._captured.readouterr())


@pytest.fixture
def scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Scan:
    return Scan(tmp_path / "shop.yaml", capsys)


@pytest.mark.parametrize("step", range(len(STATES)))
def test_files_give_the_findings_of_the_operator(step: int, tmp_path: Path) -> None:
    """But for what hangs on status: files have no addresses of load balancers (RA026) and nodes, so
    whether the internet comes in by a node port is not known (RA025, and how grave open pods are).
    """
    path = tmp_path / "world.yaml"
    path.write_text(yaml.safe_dump_all(STATES[step]))
    live = found_in(Facts(read_facts(running(STATES[step]))))
    files = found_in(read([str(path)]).facts)
    assert set(files) == set(live)
    for fingerprint, finding in files.items():
        assert less_status(finding) == less_status(live[fingerprint])


def found_in(facts: Facts) -> dict[str, Finding]:
    findings = audit(facts, Assumptions(), SYSTEM_NAMESPACES)
    return {finding.fingerprint: finding for finding in findings}


def less_status(finding: Finding) -> tuple[object, ...]:
    """A finding without what hangs on status; its path names pods, and is left out."""
    weighed = finding.check in ("RA001", "RA002", "RA003", "RA025")
    message = finding.message.partition(" The internet reaches ")[0]
    message = message.partition(": ")[0] if finding.check == "RA025" else message
    message = re.sub(r"203\.0\.113\.\d+:", "", message) if finding.check == "RA026" else message
    severity = None if weighed else finding.severity
    return finding.check, finding.cause, severity, message, finding.fix, finding.field


def test_whether_the_internet_comes_in_by_a_node_port_is_not_known(scan: Scan) -> None:
    [told] = findings(scan(SOUND + NODE_PORT, "-o", "json"))
    assert told["message"] == (
        "Opens 30080/TCP on every node: private networks reach shop/web[Pod], and whether the "
        "internet does is UNKNOWN."
    )
    assert told["severity"] == "medium"


def test_a_finding_stands_at_its_field(scan: Scan) -> None:
    [told] = findings(scan(WEB, "-o", "json"))
    assert (told["check"], told["severity"]) == ("RA005", "low")
    assert told["place"] == {"file": str(scan.file), "line": 13}


def test_a_namespace_without_a_document_is_where_its_first_object_is(scan: Scan) -> None:
    pod = SOUND.split("---\n")[1]
    [told] = findings(scan(pod, "-o", "json"))
    assert told["cause"] == {"kind": "Namespace", "namespace": "", "name": "shop"}
    assert told["place"] == {"file": str(scan.file), "line": 1}


def test_every_form_is_written(scan: Scan) -> None:
    assert scan(WEB).out.startswith("LOW RA005 NetworkPolicy that selects no pod\n")
    assert_sarif(scan(WEB, "-o", "sarif").out)
    assert "<testsuites " in scan(WEB, "-o", "junit").out
    [annotation] = annotations(scan(WEB, "-o", "github").out)
    assert annotation.properties["line"] == "13"
    assert scan(SOUND).out.startswith("No findings.\n")
    assert scan(SOUND, "-o", "github").out == ""


@pytest.mark.parametrize(
    ("bar", "code"),
    [
        ("critical", FINE),
        ("high", FINE),
        ("medium", FINE),
        ("low", DIFFERENT),
        ("info", DIFFERENT),
        (None, FINE),
    ],
)
def test_a_finding_fails_a_gate_of_its_severity_and_below(
    scan: Scan, bar: str | None, code: int
) -> None:
    told = scan(WEB, *(["--fail-on", bar] if bar else []))
    assert (told.code, told.err) == (code, "")
    assert "RA005" in told.out


@pytest.mark.parametrize("text", [HALF, BROKEN])
def test_a_gate_stays_shut_where_something_was_not_understood(scan: Scan, text: str) -> None:
    told = scan(text)
    assert (told.code, told.err.count("\n")) == (FINE, 1)
    told = scan(text, "--fail-on", "critical")
    assert told.code == INPUT
    problem, last = told.err.splitlines()
    assert problem.startswith(f"{scan.file}:")
    assert last == (
        "reachaudit: what was not understood may hide a finding that --fail-on asks for"
    )
    assert scan(text + WEB.replace("shop", "more"), "--fail-on", "low").code == DIFFERENT


def test_problems_are_told_apart_from_findings(scan: Scan) -> None:
    told = scan(HALF, "-o", "json")
    assert_valid(told.out, "scan.v1")
    assert json.loads(told.out)["problems"] == told.err.splitlines()


def test_namespaces_are_left_out(scan: Scan) -> None:
    assert findings(scan(WEB, "-o", "json", "--exclude-namespace", "shop")) == []
    assert findings(scan(WEB.replace("shop", "kube-system"), "-o", "json")) == []
    told = scan(WEB, "--exclude-namespace", "No")
    assert (told.code, told.out) == (INPUT, "")


def test_assumptions_count_and_are_told(scan: Scan) -> None:
    told = json.loads(scan(WEB, "-o", "json", "--assume", "host-network=applied").out)
    assert "host-network=applied" in told["assumptions"]
    assert any("pods without a status" in each for each in told["assumptions"])
    assert "host-network=applied" in scan(WEB, "--assume", "host-network=applied").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name manifests as PATH, or a live cluster by --live"),
        (["--live", "x.yaml"], "name PATHs or --live, not both"),
        (["none.yaml"], "'none.yaml': there is no such file or folder"),
        (["-", "--assume", "x=y"], "no assumption is named 'x'; there are "),
        (["--live", "--kubeconfig", "none"], "The kubeconfig none does not exist."),
    ],
)
def test_wrong_input_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code = cli.main(["scan", *arguments])
    out, err = capsys.readouterr()
    assert (code, out) == (CLUSTER if "--kubeconfig" in arguments else INPUT, "")
    [line] = err.splitlines()
    assert line.startswith(f"reachaudit: {said}")


def test_manifests_come_by_a_pipe_too() -> None:
    told = reachaudit("scan", "-", "-o", "json", stdin=WEB)
    assert (told.code, told.err) == (FINE, "")
    [finding] = findings(Told(*told))
    assert finding["place"] == {"file": "-", "line": 13}


def test_severities_are_coloured_on_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text(WEB)
    shown = on_terminal("scan", str(file), columns=60)
    assert shown.startswith("\x1b[36mLOW\x1b[0m RA005 ")
    assert (
        on_terminal("scan", str(file), "-o", "json")
        == reachaudit("scan", str(file), "-o", "json").out
    )


def findings(told: Told) -> list[dict[str, object]]:
    assert_valid(told.out, "scan.v1")
    found = json.loads(told.out)["findings"]
    assert isinstance(found, list)
    return found
