"""The sample shop from its files: what no address decides is as it is in a cluster."""

from __future__ import annotations

from collections import Counter
from itertools import count, product
from typing import TYPE_CHECKING

import pytest
import yaml
from msgspec.structs import replace

from cases.engine_answers import read_facts
from demo import samples
from engine.samplestates import running, states
from files.filed import told
from reachaudit.model.facts import PROTOCOLS, Service
from reachaudit.model.ip import Address
from reachaudit.model.store import Facts
from reachaudit.reach.frontends import frontends
from reachaudit.reach.ports import position
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions
from reachaudit.watch.files import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cluster.objects import KubeObject
    from reachaudit.model.facts import Pod
    from reachaudit.reach.party import Party

PORTS = (80, 443, 5432, 6379, 8080, 8443, 9100)
Verdicts = dict[tuple[str, ...], set[str]]


class Asked:
    """All that can be asked of a cluster by workloads, Services and zones."""

    def __init__(self, facts: Facts) -> None:
        self.reach = Reachability(facts, Assumptions())
        self.pods: dict[str, list[Pod]] = {}
        for pod in self.reach.identity.pods:
            self.pods.setdefault(str(self.reach.identity.workloads[pod.ref]), []).append(pod)

    def between(self) -> Verdicts:
        """Verdicts from workload to workload, port by port; a set where pods differ."""
        found: Verdicts = {}
        ports = [position(protocol, port) for protocol in PROTOCOLS for port in PORTS]
        for source, target in product(self.pods, repeat=2):
            for port in ports:
                verdicts = {
                    told(self.reach.paths.to_party(one, other, port))
                    for one, other in product(self._parties(source), self._parties(target))
                    if one.pod != other.pod
                }
                if verdicts:
                    found[source, target, str(port)] = verdicts
        return found

    def by_services(self) -> Verdicts:
        """Verdicts from workloads to Services by their ClusterIPs."""
        found: Verdicts = {}
        for service in self.reach.services.all:
            for frontend in frontends(service):
                for source in self.pods if frontend.kind == "ClusterIP" else ():
                    key = (source, str(service.ref), str(frontend.number))
                    paths = (
                        self.reach.paths.to_frontend(client, frontend)
                        for client in self._parties(source)
                    )
                    found[key] = set(map(told, paths))
        return found

    def ways_in(self) -> set[tuple[str, str, str, str]]:
        """Which workloads each zone may dial, by which object, and what becomes of it."""
        return {
            (each.zone, str(each.by), str(each.workload), told(each.verdict))
            for each in self.reach.exposures
        }

    def _parties(self, workload: str) -> Iterator[Party]:
        for pod in self.pods[workload]:
            yield from self.reach.identity.pod_parties(pod, "IPv4")


def living(state: list[KubeObject]) -> Facts:
    """A state as a cluster has it, with ClusterIPs."""
    addresses = (Address("IPv4", 0x0A600001 + number) for number in count())
    return Facts(
        replace(fact, cluster_ips=(next(addresses),))
        if isinstance(fact, Service) and not fact.headless and fact.type != "ExternalName"
        else fact
        for fact in read_facts(running(state))
    )


def compared(live: Verdicts, filed: Verdicts) -> Counter[str]:
    """How many verdicts of files are those of the cluster, and how many are open; no other."""
    assert filed.keys() == live.keys()
    found = Counter[str]()
    for key, verdicts in filed.items():
        sure = {verdict for verdict in verdicts if not verdict.startswith("UNKNOWN")}
        assert sure <= live[key], key
        found["same" if verdicts == live[key] else "open"] += 1
        assert sure != verdicts or verdicts == live[key], key
    return found


@pytest.mark.parametrize("number", range(6))
def test_each_state_of_the_shop_from_files(tmp_path: Path, number: int) -> None:
    state = states()[number]
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump_all(state))
    snapshot = read([str(tmp_path)])
    assert not snapshot.problems
    live, filed = Asked(living(state)), Asked(snapshot.facts)
    assert filed.pods.keys() == live.pods.keys()
    between = compared(live.between(), filed.between())
    assert between["same"] > 15 * between["open"]
    by_services = compared(live.by_services(), filed.by_services())
    assert by_services["same"] > 15 * by_services["open"]


def test_the_files_of_the_samples_are_read_without_a_problem() -> None:
    [kustomization] = samples.read(samples.SAMPLES / "kustomization.yaml")
    names = kustomization["resources"]
    assert isinstance(names, list)
    snapshot = read([str(samples.SAMPLES / str(name)) for name in names])
    assert not snapshot.problems
    assert len({place.rpartition(":")[0] for place in snapshot.places.values()}) == len(names)


def test_who_comes_in_from_outside(tmp_path: Path) -> None:
    """The zones of nodes, and the addresses that they show, are all that files leave open."""
    state = states()[0]
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump_all(state))
    live, filed = Asked(living(state)), Asked(read([str(tmp_path)]).facts)
    ways = {way[:3]: way[3] for way in live.ways_in()}
    assert {way[:3] for way in filed.ways_in()} == ways.keys()
    for way in filed.ways_in():
        assert way[3] == ways[way[:3]] or way[3].startswith("UNKNOWN"), way
