"""The kinds of panel that the dashboards are made of, and what all of them share."""

from collections.abc import Mapping
from typing import TypeAlias, TypeVar

from grafana_foundation_sdk.builders import common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Panel: TypeAlias = stat.Panel | timeseries.Panel | table.Panel
Coloured = TypeVar("Coloured", stat.Panel, timeseries.Panel)

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
SEVERITIES = {
    "critical": "dark-red",
    "high": "red",
    "medium": "orange",
    "low": "yellow",
    "info": "blue",
}
GOOD, WARNING, BAD, NEUTRAL, NONE = "green", "orange", "red", "blue", "transparent"


def stat_panel(
    title: str, description: str, queries: Mapping[str, str], steps: Mapping[float, str]
) -> stat.Panel:
    """Numbers of this moment, a query a name; `steps` colour them, from each value upwards.

    Where the operator is gone they say so: an old number would be taken for the present one.
    """
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .thresholds(_thresholds(GOOD, steps))
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("no operator")
    )
    for ref, (name, expression) in zip("ABCDEF", queries.items(), strict=False):
        panel.with_target(_query(ref, expression, name).instant())
    return panel


def time_panel(title: str, description: str, queries: Mapping[str, str]) -> timeseries.Panel:
    """Lines over time; a name may be a template for many, such as `{{zone}}`."""
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .calcs([])
    )
    tooltip = common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .legend(legend)
        .tooltip(tooltip)
        .line_width(1)
        .fill_opacity(10)
        .min(0)
    )
    for ref, (name, expression) in zip("ABCDEF", queries.items(), strict=False):
        panel.with_target(_query(ref, expression, name).range())
    return panel


def table_panel(title: str, description: str, expression: str) -> table.Panel:
    """A row a series of this moment, a column a label."""
    query = _query("A", expression, "").instant().format(PromQueryFormat.TABLE)
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .min_width(60)
        .with_target(query)
    )


def stacked(panel: timeseries.Panel) -> timeseries.Panel:
    """The same lines on top of one another, as parts of a whole."""
    return panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(60)


def coloured(panel: Coloured, colours: Mapping[str, str]) -> Coloured:
    """The same panel, with a colour for each series that is named."""
    for name, colour in colours.items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        panel.override_by_name(name, [DynamicConfigValue(id_val="color", value=fixed)])
    return panel


def filled_cell(colour: str) -> list[DynamicConfigValue]:
    """The override that fills a table's cell from 1 upwards."""
    return [
        DynamicConfigValue(
            id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"}
        ),
        DynamicConfigValue(id_val="thresholds", value=_thresholds(NONE, {1: colour}).build()),
    ]


def _query(ref: str, expression: str, name: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().datasource(DATASOURCE).ref_id(ref).expr(expression)
    return query.legend_format(name)


def _thresholds(base: str, steps: Mapping[float, str]) -> ThresholdsConfig:
    first = Threshold(value=None, color=base)
    others = [Threshold(value=value, color=colour) for value, colour in steps.items()]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([first, *others])
