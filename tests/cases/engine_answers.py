"""The engine's answers to the questions that case files ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.answers import Implementation
from cases.apiobject import API_VERSIONS
from cases.casefile import Finding, Opening
from reachaudit.checks.catalogue import CATALOGUE
from reachaudit.checks.check import units
from reachaudit.checks.view import View
from reachaudit.model.facts import PROTOCOLS, Node, Pod, Protocol, Service
from reachaudit.model.ip import Address, Family, parse_address, parse_block
from reachaudit.model.kinds import KINDS
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.ports import position
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.resolve import by_address, by_name
from reachaudit.reach.routing import route_of
from reachaudit.reach.services import Frontend, frontends
from reachaudit.reach.verdict import (
    Outcome,
    PathVerdict,
    Value,
    client_chooses,
    direct,
    network_chooses,
    no_path,
)
from reachaudit.settings import SYSTEM_NAMESPACES, Assumptions, assume

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cases.apiobject import Object
    from cases.casefile import Step
    from reachaudit.findings import finding
    from reachaudit.model.facts import Fact
    from reachaudit.reach.party import Party

FAMILIES: dict[str, Family] = {"v4": "IPv4", "v6": "IPv6"}
_SHORT = {family: name for name, family in FAMILIES.items()}
_PLAIN = {Outcome.ALLOW: ".", Outcome.NO_PATH: "-", Outcome.PARTIAL: "%", Outcome.UNKNOWN: "?"}


def engine() -> Implementation:
    """The engine, with an answer to every table and findings by every check."""
    return Implementation(
        answers=lambda step: EngineAnswers(step.objects, step.assumptions),
        covers=lambda _step, _table: True,
        findings=_findings,
        openings=_openings,
    )


def _findings(step: Step) -> list[Finding]:
    found = findings_of(EngineAnswers(step.objects, step.assumptions).reach)
    return [Finding(each.check, *each.cause, each.severity.value) for each in found]


def _openings(step: Step) -> list[Opening]:
    reach = EngineAnswers(step.objects, step.assumptions).reach
    found = [
        Opening(e.zone, _SHORT[e.family], letter(e.verdict), str(e.by), e.way, str(e.workload))
        for e in reach.exposures
    ]
    on_nodes = reach.node_exposures
    return found + [
        Opening(e.zone, _SHORT[e.family], ".", str(e.by), e.way, "nodes") for e in on_nodes
    ]


def findings_of(reach: Reachability) -> list[finding.Finding]:
    """All findings of all checks in one state."""
    view = View(reach, SYSTEM_NAMESPACES)
    return [
        found
        for check in CATALOGUE
        for unit in units(check, reach.facts)
        for found in check.judge(unit, view)
    ]


def read_facts(objects: Iterable[Mapping[str, object]]) -> list[Fact]:
    """API objects as facts; what cannot be read is left out."""
    kinds = {(kind.group, kind.name.partition(".")[0]): kind for kind in KINDS}
    known = ((kinds.get(_group_and_kind(obj)), obj) for obj in objects)
    items = (kind.parse(obj) for kind, obj in known if kind is not None)
    return [item.fact for item in items if item.fact is not None]


def _group_and_kind(obj: Mapping[str, object]) -> tuple[str, str]:
    """Vendors have NetworkPolicies too: a kind alone is one of Kubernetes' own."""
    kind = str(obj["kind"])
    return str(obj.get("apiVersion", API_VERSIONS.get(kind))).rpartition("/")[0], kind


def assumptions_of(settings: Mapping[str, str]) -> Assumptions:
    """Assumptions of a case."""
    result = Assumptions()
    for name, value in settings.items():
        result = assume(result, f"{name}={value}")
    return result


class EngineAnswers:
    """One state of a case, asked cell by cell."""

    def __init__(self, objects: Sequence[Object], assumptions: Mapping[str, str]) -> None:
        self.reach = Reachability(Facts(read_facts(objects)), assumptions_of(assumptions))

    def cell(
        self, source: str, destination: str, port: int | None, protocol: str, family: str
    ) -> str:
        clients = self._parties(source, FAMILIES[family])
        if not clients:
            return "-"
        verdicts = [self._ask(client, destination, port, protocol, family) for client in clients]
        letters = {letter(verdict) for verdict in verdicts}
        return letters.pop() if len(letters) == 1 else "?"

    def _ask(
        self, client: Party, destination: str, port: int | None, protocol: str, family: str
    ) -> PathVerdict:
        prefix, colon, rest = destination.partition(":")
        if prefix == "ing" and colon:
            return self._request(client, rest, port)
        if prefix in ("svc", "lb", "nodeport", "externalip") and colon:
            assert port is not None
            return self._service(client, prefix, rest, port, _protocol(protocol))
        address = self._address(destination, FAMILIES[family])
        if address is not None and port is not None:
            return by_address(self.reach.paths, client, address, port, _protocol(protocol))
        targets = self._parties(destination, FAMILIES[family])[:1]  # a node's first address
        if not targets:
            return no_path("nobody is there")
        if port is None:
            return network_chooses(self._other(client, target) for target in targets)
        line = position(_protocol(protocol), port)
        return network_chooses(self.reach.paths.to_party(client, t, line) for t in targets)

    def _other(self, client: Party, target: Party) -> PathVerdict:
        path = self.reach.paths.to_party(client, target, 1)
        if path.outcome is Outcome.NO_PATH:
            return path
        return direct(self.reach.judge.other_protocol(client, target))

    def _parties(self, name: str, family: Family) -> list[Party]:
        identity = self.reach.identity
        if name.startswith("node:"):
            node = self.reach.facts.get(Node, Ref("Node", "", name[5:]))
            return identity.node_parties(node, family) if node else []
        address = self._address(name, family)
        if address is not None:
            return [identity.at(address)]
        pod = self.reach.facts.get(Pod, Ref("Pod", *name.split("/")))
        return identity.pod_parties(pod, family) if pod is not None and pod.live else []

    @staticmethod
    def _address(name: str, family: Family) -> Address | None:
        """An address, or the first of a block."""
        address, block = parse_address(name), parse_block(name)
        if address is None and block is not None and block.family == family:
            return Address(family, block.first)
        return address

    def _service(
        self, client: Party, prefix: str, name: str, port: int, protocol: Protocol
    ) -> PathVerdict:
        paths, family = self.reach.paths, client.address.family
        if prefix == "nodeport":
            found = [
                f
                for s in self.reach.services.all
                for f in _listening(s, "NodePort", family, port, protocol)
            ]
            ways = [paths.to_frontend(client, f, entry=name) for f in found]
            return client_chooses([*ways, *self._host_ports(client, name, port, protocol)])
        if prefix == "externalip":
            found = [
                f
                for s in self.reach.services.all
                for f in _listening(s, "ExternalIP", family, port, protocol)
                if str(f.address) == name
            ]
            return client_chooses(paths.to_frontend(client, f) for f in found)
        service = self.reach.facts.get(Service, Ref("Service", *name.split("/")))
        assert service is not None
        if prefix == "svc":
            return by_name(paths, client, service, port, protocol)
        found = _listening(service, "LoadBalancer", family, port, protocol)
        return client_chooses(paths.to_frontend(client, f) for f in found)

    def _host_ports(
        self, client: Party, node: str, port: int, protocol: Protocol
    ) -> list[PathVerdict]:
        return [
            self.reach.paths.to_host_port(client, pod, each, client.address.family)
            for pod in self.reach.identity.pods
            if pod.node == node
            for each in pod.ports
            if (each.host_port, each.protocol) == (port, protocol)
        ]

    def _request(self, client: Party, url: str, port: int | None) -> PathVerdict:
        assert port in (80, 443), "clients of an Ingress come to 80 or 443 (ING-14)"
        host, slash, path = url.partition("/")
        found = route_of(self.reach.ingresses.routes, host, slash + path or "/")
        if isinstance(found, PathVerdict):
            return found
        return self.reach.ingresses.request(client, found)


def _listening(
    service: Service, kind: str, family: Family, port: int, protocol: Protocol
) -> list[Frontend]:
    return [
        frontend
        for frontend in frontends(service)
        if (frontend.kind, frontend.number, frontend.port.protocol) == (kind, port, protocol)
        and frontend.family == family
    ]


def _protocol(name: str) -> Protocol:
    return next(protocol for protocol in PROTOCOLS if protocol == name)


def letter(verdict: PathVerdict) -> str:
    if verdict.outcome is not Outcome.DENY:
        return _PLAIN[verdict.outcome]
    egress = any(way.egress is Value.DENY for way in verdict.ways)
    ingress = any(way.ingress is Value.DENY for way in verdict.ways)
    return {(True, True): "x", (True, False): "e"}.get((egress, ingress), "i")
