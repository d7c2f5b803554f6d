"""All checks, in order of their ids."""

from reachaudit.checks.catalogue import (
    ra001_namespace_without_policies,
    ra002_pods_not_isolated_for_ingress,
    ra003_pods_not_isolated_for_egress,
    ra005_policy_selects_no_pod,
    ra007_rules_ignored_by_policy_types,
    ra022_service_without_endpoints,
    ra025_node_port,
    ra026_open_load_balancer,
    ra028_external_ips,
    ra035_ingress_backend_missing,
    ra036_ingress_route_blocked,
)
from reachaudit.checks.check import About, Check

CATALOGUE: tuple[Check, ...] = (
    ra001_namespace_without_policies.CHECK,
    ra002_pods_not_isolated_for_ingress.CHECK,
    ra003_pods_not_isolated_for_egress.CHECK,
    ra005_policy_selects_no_pod.CHECK,
    ra007_rules_ignored_by_policy_types.CHECK,
    ra022_service_without_endpoints.CHECK,
    ra025_node_port.CHECK,
    ra026_open_load_balancer.CHECK,
    ra028_external_ips.CHECK,
    ra035_ingress_backend_missing.CHECK,
    ra036_ingress_route_blocked.CHECK,
)
ABOUT: dict[str, About] = {check.about.id: check.about for check in CATALOGUE}
