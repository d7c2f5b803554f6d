"""What the chart's dashboards ask Prometheus."""

import json
import re
from collections.abc import Iterator

from chart.helmchart import CHART
from cluster.objects import KubeObject, dig, objects, text

FILES = sorted((CHART / "dashboards").glob("*.json"))


def dashboards() -> tuple[KubeObject, ...]:
    """The dashboards as they are shipped."""
    return tuple(json.loads(path.read_text()) for path in FILES)


def expressions() -> tuple[str, ...]:
    """The PromQL of all panels, with Grafana's variables filled in."""
    return tuple(map(_filled, _raw_expressions()))


def sample_names() -> frozenset[str]:
    """The samples that are asked for, by their names in the exposition: `…_bucket` included."""
    asked = [*_raw_expressions(), *_variable_queries()]
    return frozenset(found for each in asked for found in re.findall(r"\breachaudit_\w+", each))


def _raw_expressions() -> Iterator[str]:
    for dashboard in dashboards():
        for panel in objects(dashboard, "panels"):
            for target in objects(panel, "targets"):
                yield text(target, "expr")


def _variable_queries() -> Iterator[str]:
    for dashboard in dashboards():
        for variable in objects(dig(dashboard, "templating"), "list"):
            yield text(variable, "query")


def _filled(expression: str) -> str:
    return expression.replace("$__rate_interval", "5m").replace("$namespace", ".*")
