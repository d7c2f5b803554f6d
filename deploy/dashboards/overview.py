"""The dashboard `Overview`: what is open now, where, and whether the operator can be believed."""

from grafana_foundation_sdk.builders import common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.models.common import VizOrientation
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DataTransformerConfig,
    VariableRefresh,
    VariableSort,
)

from deploy.dashboards import queries
from deploy.dashboards.panels import (
    BAD,
    DATASOURCE,
    NEUTRAL,
    SEVERITIES,
    WARNING,
    Panel,
    coloured,
    filled_cell,
    stacked,
    stat_panel,
    table_panel,
    time_panel,
)


def overview() -> Dashboard:
    """The dashboard as Grafana reads it."""
    board = (
        dashboard.Dashboard("reachaudit / Overview")
        .uid("reachaudit-overview")
        .description("Who can reach what in the cluster, and which rules that breaks.")
        .tags(["reachaudit", "kubernetes", "network"])
        .time("now-6h", "now")
        .refresh("30s")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(_datasource())
        .with_variable(_namespaces())
    )
    panels: tuple[tuple[Panel, int, int], ...] = (
        (_open_now(), 9, 4),
        (_exposed_now(), 4, 4),
        (_unknown_now(), 4, 4),
        (_unsynced(), 4, 4),
        (_stalest(), 3, 4),
        (_open_by_severity(), 12, 8),
        (_exposure(), 12, 8),
        (_worst_namespaces(), 12, 9),
        (_open_in_namespaces(), 12, 9),
        (_change_to_verdict(), 12, 8),
        (_unknown_by_reason(), 12, 8),
    )
    for number, (panel, width, height) in enumerate(panels, start=1):
        board.with_panel(panel.id(number).span(width).height(height))
    return board.build()


def _datasource() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _namespaces() -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable("namespace")
        .label("Namespace")
        .datasource(DATASOURCE)
        .query("label_values(reachaudit_namespace_findings, namespace)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
    )


def _open_now() -> stat.Panel:
    panel = stat_panel(
        "Open findings",
        "Rules that are broken now, in the whole cluster. Waived findings are left out.",
        {each: queries.total(queries.open_findings(each)) for each in SEVERITIES},
        {},
    )
    return coloured(panel, SEVERITIES).orientation(VizOrientation.VERTICAL)


def _exposed_now() -> stat.Panel:
    return stat_panel(
        "Open to the internet",
        "Workloads that a client on the internet can connect to.",
        {"workloads": queries.total(queries.INTERNET)},
        {1: NEUTRAL},
    )


def _unknown_now() -> stat.Panel:
    return stat_panel(
        "Unknown flows",
        "Flows that cannot be judged by what the cluster tells; the reasons are below.",
        {"flows": queries.total(queries.UNKNOWN)},
        {1: NEUTRAL},
    )


def _unsynced() -> stat.Panel:
    return stat_panel(
        "Kinds not synced",
        "Kinds of object that the operator does not know in full. Above 0 there are no verdicts.",
        {"kinds": queries.UNSYNCED},
        {1: BAD},
    )


def _stalest() -> stat.Panel:
    panel = stat_panel(
        "Stalest kind",
        "How long ago the API server was last heard of, for the kind where that is longest.",
        {"age": queries.STALEST},
        {120: WARNING, 300: BAD},
    )
    return panel.unit("s").decimals(0)


def _open_by_severity() -> timeseries.Panel:
    panel = time_panel(
        "Open findings by severity",
        "Rules that were broken, in the whole cluster. Waived findings are left out.",
        {each: queries.by("severity", queries.open_findings(each)) for each in SEVERITIES},
    )
    return coloured(stacked(panel), SEVERITIES).decimals(0)


def _exposure() -> timeseries.Panel:
    panel = time_panel(
        "Workloads open to the outside",
        "Workloads that a client outside the cluster can connect to: from the internet, or from "
        "private networks.",
        {"{{zone}}": queries.by("zone", queries.EXPOSED)},
    )
    return coloured(panel, {"internet": WARNING, "private": NEUTRAL}).decimals(0)


def _worst_namespaces() -> table.Panel:
    panel = table_panel(
        "Worst namespaces",
        "Open findings of the chosen namespaces, the most severe first.",
        queries.matrix("namespace", "severity", queries.IN_NAMESPACES),
    )
    corner = r"namespace\severity"
    order = {name: place for place, name in enumerate([corner, *SEVERITIES])}
    panel.with_transformation(
        DataTransformerConfig(
            id_val="groupingToMatrix",
            options={
                "rowField": "namespace",
                "columnField": "severity",
                "valueField": "Value",
                "emptyValue": "zero",
            },
        )
    )
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={"indexByName": order, "renameByName": {corner: "namespace"}},
        )
    )
    for severity, colour in SEVERITIES.items():
        panel.override_by_name(severity, filled_cell(colour))
    return panel.sort_by(
        [common.TableSortByFieldState().display_name(each).desc(True) for each in SEVERITIES]
    )


def _open_in_namespaces() -> timeseries.Panel:
    panel = time_panel(
        "Open findings of the chosen namespaces",
        "The same over time, by severity.",
        {each: queries.by("severity", queries.open_in_namespaces(each)) for each in SEVERITIES},
    )
    return coloured(stacked(panel), SEVERITIES).decimals(0)


def _change_to_verdict() -> timeseries.Panel:
    panel = time_panel(
        "Change → verdict",
        "From a change in the cluster to the verdict about it. No line: nothing changed.",
        {"p50": queries.verdict_quantile(0.5), "p99": queries.verdict_quantile(0.99)},
    )
    return panel.unit("s")


def _unknown_by_reason() -> timeseries.Panel:
    panel = time_panel(
        "Unknown flows by reason",
        "Flows that cannot be judged by what the cluster tells, and why.",
        {"{{reason}}": queries.by("reason", queries.UNKNOWN)},
    )
    return panel.decimals(0)


def _descending(column: str) -> common.TableSortByFieldState:
    return common.TableSortByFieldState().display_name(column).desc(True)
