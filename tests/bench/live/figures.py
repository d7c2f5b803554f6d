"""What a run against a control plane yields."""

import msgspec

from bench.figures import Run

# Figures by name, whose end is the unit; `s` and `ms` are of a clock on the wall, but for CPU's.
FIGURES = {
    "load_s": "control plane up, and its etcd filled",
    "ready_s": "cold start to the first verdict",
    "ready_cpu_s": "its CPU",
    "ready_server_cpu_s": "CPU of API server and etcd meanwhile",
    "ready_others_pct": "both cores: taken by others meanwhile",
    "ready_stall_ms": "longest stall of the loop meanwhile",
    "rest_rss_mib": "RSS at rest",
    "peak_rss_mib": "RSS at peak",
    "scrape_ms": "a scrape: longest",
    "policy_p50_ms": "a policy changed: p50",
    "policy_p99_ms": "a policy changed: p99",
    "own_p50_ms": "by the operator's histogram: p50",
    "own_p99_ms": "by the operator's histogram: p99",
    "policy_stall_ms": "longest stall of the loop meanwhile",
    "churn_pods_per_s": "churn: pod events held",
    "churn_cpu_pct": "churn: CPU of one core",
    "churn_others_pct": "churn: both cores, taken by others",
    "churn_rss_mib": "churn: RSS at peak",
    "lag_p50_ms": "churn: verdict behind, p50",
    "lag_max_ms": "churn: verdict behind, at most",
    "own_lag_max_ms": "churn: by the operator's own clock, at most",
    "churn_stall_ms": "churn: longest stall of the loop",
    "after_rss_mib": "RSS afterwards",
    "stop_s": "from SIGTERM to the end",
}


class LiveRun(Run, frozen=True):
    """One cluster's figures. `kinds`: policies' changes by kind, in milliseconds as seen outside.

    `stages`: milliseconds of a round by phase and stage, on the mean. `disagreements`: where the
    operator's histogram says otherwise than the outside.
    """

    stages: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)
    disagreements: list[str] = msgspec.field(default_factory=list)
