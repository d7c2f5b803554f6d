"""The dashboard asks valid questions, and draws every severity."""

import promql_parser
import pytest

from chart.dashboard import FILES, dashboards, expressions, sample_names
from chart.helmchart import one, render
from cluster.objects import dig, objects, text
from reachaudit.findings.finding import Severity


@pytest.mark.parametrize("expression", expressions())
def test_expression_is_promql(expression: str) -> None:
    assert "$" not in expression
    promql_parser.parse(expression)


def test_metrics_are_those_that_the_operator_is_known_by() -> None:
    assert sample_names() == {
        "reachaudit_build_info",
        "reachaudit_change_to_verdict_seconds_bucket",
        "reachaudit_exposed_workloads",
        "reachaudit_findings",
        "reachaudit_kind_staleness_seconds",
        "reachaudit_kind_synced",
        "reachaudit_namespace_findings",
        "reachaudit_unknown_flows",
    }


def test_every_panel_asks_something_of_the_chosen_data_source() -> None:
    for dashboard in dashboards():
        for panel in objects(dashboard, "panels"):
            assert text(panel, "title")
            assert text(panel, "description")
            assert objects(panel, "targets")
            for target in objects(panel, "targets"):
                assert text(target, "datasource", "uid") == "${datasource}"
                assert text(target, "expr")


def test_panels_fill_the_grid_without_overlap() -> None:
    for dashboard in dashboards():
        cells = [
            (column, row)
            for panel in objects(dashboard, "panels")
            for column in _span(panel, "x", "w")
            for row in _span(panel, "y", "h")
        ]
        height = max(row for _, row in cells) + 1
        assert sorted(cells) == [(column, row) for column in range(24) for row in range(height)]


def test_numbers_of_the_moment_are_not_those_of_a_dead_operator() -> None:
    """A range query would show the last value there was."""
    stats = [p for d in dashboards() for p in objects(d, "panels") if text(p, "type") == "stat"]
    assert stats
    for panel in stats:
        assert text(panel, "fieldConfig", "defaults", "noValue") == "no operator"
        assert all(dig(target, "instant") is True for target in objects(panel, "targets"))


def test_findings_are_shown_for_all_severities_worst_first() -> None:
    [overview] = dashboards()
    panels = {text(each, "title"): each for each in objects(overview, "panels")}
    for title in ("Open findings", "Open findings by severity"):
        shown = [text(each, "legendFormat") for each in objects(panels[title], "targets")]
        assert shown == [each.value for each in Severity]


def test_config_map_holds_every_dashboard_as_it_is() -> None:
    shipped = one(render(), "ConfigMap")
    assert text(shipped, "metadata", "labels", "grafana_dashboard") == "1"
    assert shipped["data"] == {
        f"reachaudit-{path.name}": path.read_text().strip() for path in FILES
    }


def _span(panel: object, start: str, length: str) -> range:
    first, count = dig(panel, "gridPos", start), dig(panel, "gridPos", length)
    assert isinstance(first, int)
    assert isinstance(count, int)
    return range(first, first + count)
