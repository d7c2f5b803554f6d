"""From a NetworkPolicy's fact back to its `spec`."""

from collections.abc import Mapping

from reachaudit.model.facts import NetworkPolicy, Peer, PolicyPort, PolicyRule, Selector

Part = Mapping[str, object]
_ALL_PORTS = (1, 65535)


def policy_spec(fact: NetworkPolicy) -> Part:
    """A policy's `spec`."""
    types = ["Ingress"] * fact.isolates_ingress + ["Egress"] * fact.isolates_egress
    spec: dict[str, object] = {"podSelector": _selector(fact.subject), "policyTypes": types}
    if fact.ingress:
        spec["ingress"] = [_rule(rule, "from") for rule in fact.ingress]
    if fact.egress:
        spec["egress"] = [_rule(rule, "to") for rule in fact.egress]
    return spec


def _rule(rule: PolicyRule, field: str) -> Part:
    found: dict[str, object] = {}
    if rule.peers is not None:
        found[field] = [_peer(peer) for peer in rule.peers]
    if rule.ports is not None:
        found["ports"] = [_port(port) for port in rule.ports]
    return found


def _peer(peer: Peer) -> Part:
    if peer.block is not None:
        excepts = [str(block) for block in peer.excepts]
        return {"ipBlock": {"cidr": str(peer.block), **({"except": excepts} if excepts else {})}}
    found: dict[str, object] = {}
    if peer.namespaces is not None:
        found["namespaceSelector"] = _selector(peer.namespaces)
    if peer.pods is not None:
        found["podSelector"] = _selector(peer.pods)
    return found


def _port(port: PolicyPort) -> Part:
    if port.name:
        return {"protocol": port.protocol, "port": port.name}
    if (port.first, port.last) == _ALL_PORTS:
        return {"protocol": port.protocol}
    ends = {} if port.first == port.last else {"endPort": port.last}
    return {"protocol": port.protocol, "port": port.first, **ends}


def _selector(selector: Selector) -> Part:
    found: dict[str, object] = {}
    if selector.labels:
        found["matchLabels"] = dict(selector.labels)
    if selector.expressions:
        found["matchExpressions"] = [
            {
                "key": each.key,
                "operator": each.operator,
                **({"values": list(each.values)} if each.values else {}),
            }
            for each in selector.expressions
        ]
    return found
