"""Pods that roll: each step is one that a cluster makes, and what is there stays whole."""

from collections import Counter
from itertools import islice

from bench.clusters import cluster
from bench.live.churn import Churn
from bench.live.stored import value_of
from bench.objects import kind_of
from bench.shapes import SHAPES
from reachaudit.model.facts import EndpointSlice, Fact, Pod
from reachaudit.model.names import Ref

MADE = cluster(SHAPES["tiny"], 1)
NUMBER = 2_000


def rolled() -> tuple[Churn, list[dict[Ref, Fact | None]]]:
    churn = Churn(MADE, 1)
    return churn, [dict(write) for write in islice(churn.writes(), NUMBER)]


def test_each_write_is_one_step_of_one_pod() -> None:
    _, writes = rolled()
    lives: dict[Ref, list[str]] = {}
    for write in writes:
        (ref,) = (each for each in write if each.kind == "Pod")
        fact = write[ref]
        assert fact is None or isinstance(fact, Pod)
        lives.setdefault(ref, []).append(_step(fact))
    known = {fact.ref for fact in MADE.facts}
    whole = ["pending", "scheduled", "started", "ready", "terminating", "gone"]
    for ref, steps in lives.items():
        expected = whole[4:] if ref in known else whole
        assert steps == expected[: len(steps)]
    assert Counter(map(len, lives.values()))[6] > 100


def _step(pod: Pod | None) -> str:
    if pod is None:
        return "gone"
    if pod.terminating:
        return "terminating"
    if not pod.live:
        return "scheduled" if pod.node else "pending"
    return "ready" if pod.ready else "started"


def test_no_two_live_pods_have_one_address_and_slices_list_ready_pods_that_are_there() -> None:
    _, writes = rolled()
    now: dict[Ref, Fact | None] = {fact.ref: fact for fact in MADE.facts}
    for write in writes:
        now |= write
        live = [f for f in now.values() if isinstance(f, Pod) and f.live and not f.host_network]
        assert len({pod.addresses for pod in live}) == len(live)
        for piece in write.values():
            for listed in piece.endpoints if isinstance(piece, EndpointSlice) else ():
                pod = now[listed.pod] if listed.pod else None
                assert isinstance(pod, Pod)
                assert pod.live
                assert pod.addresses == (listed.address,)
                assert pod.ready == listed.ready


def test_slices_stay_as_long_as_they_were_but_for_pods_on_their_way() -> None:
    churn, _ = rolled()
    was = {fact.ref: fact for fact in MADE.facts if isinstance(fact, EndpointSlice)}
    rolling = [f for f in churn.facts.values() if isinstance(f, EndpointSlice)]
    assert rolling
    for piece in rolling:
        assert abs(len(piece.endpoints) - len(was[piece.ref].endpoints)) <= 18


def test_what_it_writes_is_read_again() -> None:
    _, writes = rolled()
    for write in writes[:400]:
        for fact in filter(None, write.values()):
            read = kind_of(fact).parse(value_of(fact))
            assert (read.fact, read.problems) == (fact, ())


def test_its_facts_are_those_written_last_and_a_seed_gives_the_same_again() -> None:
    churn, writes = rolled()
    last: dict[Ref, Fact | None] = {}
    for write in writes:
        last |= write
    assert churn.facts == last
    assert rolled()[1] == writes
