"""What is written into etcd says the same as the facts, and is as long as real objects are."""

import json
from collections.abc import Mapping

import msgspec

from bench.clusters import cluster
from bench.live.lag import Probe
from bench.live.stored import key_of, load, value_of
from bench.objects import kind_of
from bench.shapes import SHAPES
from cluster.etcd import Etcd
from reachaudit.model.facts import Pod, Service

MADE = cluster(SHAPES["tiny"], 1)


class Remembered(Etcd):
    """Keeps what is written, transaction by transaction."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.written: list[dict[str, bytes | None]] = []

    def write(self, values: Mapping[str, bytes | None]) -> None:
        self.written.append(dict(values))


def test_every_fact_is_read_again_from_what_etcd_keeps() -> None:
    for fact in (*MADE.facts, *Probe(MADE).facts):
        read = kind_of(fact).parse(value_of(fact))
        assert (read.fact, read.problems) == (fact, ())
        assert len(read.uid) == 36


def test_an_object_keeps_its_uid_and_has_one_of_its_own() -> None:
    uids = {kind_of(fact).parse(value_of(fact)).uid for fact in MADE.facts}
    assert len(uids) == len(MADE.facts)
    assert value_of(MADE.facts[0]) == value_of(MADE.facts[0])


def test_pods_are_as_long_as_real_ones() -> None:
    sizes = [len(value_of(fact)) for fact in MADE.facts if isinstance(fact, Pod)]
    assert min(sizes) > 5_000
    assert max(sizes) < 8_000


def test_the_whole_cluster_is_written_by_hundreds_addresses_before_their_services() -> None:
    etcd = Remembered()
    load(etcd, MADE.facts)
    assert all(len(batch) <= 100 for batch in etcd.written)
    written = {key: value for batch in etcd.written for key, value in batch.items()}
    order = {key: number for number, key in enumerate(written)}
    assert {key_of(fact.ref) for fact in MADE.facts} <= set(written)
    services = [fact for fact in MADE.facts if isinstance(fact, Service)]
    for service in services:
        for address in service.cluster_ips:
            key = f"/registry/ipaddresses/{address}"
            assert order[key] < order[key_of(service.ref)]
            parent = msgspec.json.decode(written[key] or b"")["spec"]["parentRef"]
            assert (parent["namespace"], parent["name"]) == (service.namespace, service.name)
    assert len(written) == len(MADE.facts) + sum(len(s.cluster_ips) for s in services)


def test_managed_fields_name_the_fields_of_an_object() -> None:
    pod = next(fact for fact in MADE.facts if isinstance(fact, Pod))
    managed = json.loads(value_of(pod))["metadata"]["managedFields"]
    assert [entry["manager"] for entry in managed] == ["kube-controller-manager", "kubelet"]
    assert 'k:{"name":"main"}' in managed[0]["fieldsV1"]["f:spec"]["f:containers"]
