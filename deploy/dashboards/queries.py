"""What the dashboards ask Prometheus.

Each value is taken once among the operator's replicas, which all export the same truth.
"""

INTERNET = 'reachaudit_exposed_workloads{zone="internet"}'
EXPOSED = "reachaudit_exposed_workloads"
UNKNOWN = "reachaudit_unknown_flows"
IN_NAMESPACES = 'reachaudit_namespace_findings{namespace=~"$namespace"}'
_VERDICT = "sum by (le) (rate(reachaudit_change_to_verdict_seconds_bucket[$__rate_interval]))"

UNSYNCED = "sum(1 - min by (kind) (reachaudit_kind_synced))"
STALEST = "max(reachaudit_kind_staleness_seconds)"


def open_findings(severity: str) -> str:
    """The series of the findings of one severity that nobody waived."""
    return f'reachaudit_findings{{state="open", severity="{severity}"}}'


def open_in_namespaces(severity: str) -> str:
    """The same in the namespaces that are chosen."""
    return f'reachaudit_namespace_findings{{namespace=~"$namespace", severity="{severity}"}}'


def total(series: str) -> str:
    """Their sum: 0 where there are none, nothing where there is no operator to say so."""
    return f"sum({_once(series)}) or 0 * count(reachaudit_build_info)"


def by(label: str, series: str) -> str:
    """Their sum for each value of a label."""
    return f"sum by ({label}) ({_once(series)})"


def matrix(row: str, column: str, series: str) -> str:
    """Their sum for each pair of two labels' values, for the rows that have any."""
    return f"{by(f'{row}, {column}', series)} and on ({row}) {by(row, series)} > 0"


def verdict_quantile(quantile: float) -> str:
    """How long it took from a change to its verdict."""
    return f"histogram_quantile({quantile}, {_VERDICT})"


def _once(series: str) -> str:
    return f"max without (pod, instance) ({series})"
