"""Parts of NetworkPolicies as a manifest has them."""

from typing import TypeAlias

from reachaudit.model.facts import NetworkPolicy, Peer, PolicyPort, PolicyRule, Selector

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def policy_manifest(policy: NetworkPolicy) -> Json:
    """A whole NetworkPolicy, ready to be applied."""
    spec: dict[str, Json] = {"podSelector": _selector(policy.subject)}
    spec["policyTypes"] = types_manifest(policy)
    if policy.ingress:
        spec["ingress"] = [rule_manifest(rule, "from") for rule in policy.ingress]
    if policy.egress:
        spec["egress"] = [rule_manifest(rule, "to") for rule in policy.egress]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": policy.name, "namespace": policy.namespace},
        "spec": spec,
    }


def types_manifest(policy: NetworkPolicy) -> Json:
    """Its policyTypes, written out (NP-3)."""
    types: list[Json] = []
    types += ["Ingress"] if policy.isolates_ingress else []
    types += ["Egress"] if policy.isolates_egress else []
    return types


def rule_manifest(rule: PolicyRule, peers: str) -> Json:
    """One rule; `peers` is its field for them, `from` or `to`."""
    made: dict[str, Json] = {}
    if rule.peers is not None:
        made[peers] = [_peer(peer) for peer in rule.peers]
    if rule.ports is not None:
        made["ports"] = [_port(port) for port in rule.ports]
    return made


def _peer(peer: Peer) -> Json:
    if peer.block is not None:
        block: dict[str, Json] = {"cidr": str(peer.block)}
        if peer.excepts:
            block["except"] = [str(part) for part in peer.excepts]
        return {"ipBlock": block}
    made: dict[str, Json] = {}
    if peer.namespaces is not None:
        made["namespaceSelector"] = _selector(peer.namespaces)
    if peer.pods is not None:
        made["podSelector"] = _selector(peer.pods)
    return made


def _port(port: PolicyPort) -> Json:
    made: dict[str, Json] = {"protocol": port.protocol}
    if port.name:
        made["port"] = port.name
    elif (port.first, port.last) != (1, 65535):
        made["port"] = port.first
        if port.last != port.first:
            made["endPort"] = port.last
    return made


def _selector(selector: Selector) -> Json:
    made: dict[str, Json] = {}
    if selector.labels:
        made["matchLabels"] = dict[str, Json](selector.labels)
    if selector.expressions:
        made["matchExpressions"] = [
            {"key": r.key, "operator": r.operator, **({"values": [*r.values]} if r.values else {})}
            for r in selector.expressions
        ]
    return made
