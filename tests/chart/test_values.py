"""The values' schema lets the real helm refuse what would not work, in words that help."""

import re
from pathlib import Path

import pytest
import yaml

from chart.helmchart import ALL_OPTIONS, CHART, refusal, run_helm
from cluster.objects import dig
from reachaudit.settings import OPTIONS

REFUSED = {
    "excludedNamespaces={a}": "excludedNamespaces",
    "excludeNamespaces=a": "got string, want array",
    "excludeNamespaces={Upper}": "does not match pattern",
    "excludeNamespaces={a,a}": "items at 0 and 1 are equal",
    "assumptions.pod-range-route=true": "pod-range-route",
    "assumptions.pod-range-routed=maybe": "value must be one of false, 'private', true",
    "assumptions.host-network=on": "'ignored', 'applied'",
    "image.tag=sha256:0": "does not match pattern",
    "image.pullPolicy=Sometimes": "value must be one of 'Always', 'IfNotPresent', 'Never'",
    "image.name=x": "additional properties 'name' not allowed",
    "service.port=http": "got string, want integer",
    "service.port=70000": "maximum",
    "service.type=LoadBalancer": "'ClusterIP', 'NodePort'",
    "service=null": "missing property 'service'",
    "serviceMonitor.enabled=yes": "got string, want boolean",
    "serviceMonitor.interval=30": "want string",
    "serviceMonitor.interval=soon": "does not match pattern",
    "dashboards.labels.grafana_dashboard=1": "got number, want string",
    "resources.limits.memory=much": "does not match pattern",
    "resources.limit.memory=1Gi": "additional properties 'limit' not allowed",
    "serviceAccount.create=1": "got number, want boolean",
    "podLabels.team=1": "got number, want string",
    "replicas=-1": "minimum: got -1, want 0",
    "replicaCount=2": "additional properties 'replicaCount' not allowed",
}


@pytest.mark.parametrize(("setting", "words"), REFUSED.items())
def test_refused(setting: str, words: str) -> None:
    said = refusal("--set", setting)
    assert words in said
    assert "values don't meet the specifications of the schema" in said


@pytest.mark.parametrize("values", [CHART / "values.yaml", ALL_OPTIONS])
def test_lint_is_strict_and_finds_nothing(values: Path) -> None:
    done = run_helm("lint", "--strict", "--with-subcharts", CHART, "--values", values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout


def test_all_options_names_every_value() -> None:
    """So that the tests that use it leave no option out."""
    every, used = (yaml.safe_load(p.read_text()) for p in (CHART / "values.yaml", ALL_OPTIONS))
    assert set(used) == {*every, "global"}


def test_assumptions_are_those_of_the_operator() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    known = dig(schema, "properties", "assumptions", "properties")
    assert isinstance(known, dict)
    assert list(known) == list(OPTIONS)
    for name, kind in known.items():
        if OPTIONS[name].form:
            assert kind == {"type": "string", "minLength": 1}
        else:
            words = [word if isinstance(word, str) else str(word).lower() for word in kind["enum"]]
            assert words == list(OPTIONS[name].words)


def test_assumptions_are_documented_with_all_that_they_may_be() -> None:
    text = re.sub(r"\n#     ", " ", (CHART / "values.yaml").read_text())
    lines = re.findall(r"^#   ([a-z-]+): (\S+) \((.+?)\) (.*)", text, re.MULTILINE)
    assert lines == [
        (name, option.default, option.choices.removeprefix(f"{option.default}, "), option.says)
        for name, option in OPTIONS.items()
    ]


def test_chart_may_be_part_of_another(tmp_path: Path) -> None:
    """Helm hands `global` to it, which a strict schema must let pass."""
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "reachaudit").symlink_to(CHART)
    (tmp_path / "Chart.yaml").write_text(
        "apiVersion: v2\nname: platform\nversion: 1.0.0\n"
        "dependencies: [{name: reachaudit, version: 0.1.0}]\n"
    )
    (tmp_path / "values.yaml").write_text("global: {region: eu}\nreachaudit: {podLabels: {a: b}}\n")
    done = run_helm("template", "platform", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "kind: Deployment" in done.stdout
