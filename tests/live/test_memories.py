"""What was told before, as ConfigMaps on a real API server."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.objects import dig, text
from reachaudit.findings.memory import Memory
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.errors import ApiError
from reachaudit.outputs.memories import KEY, MOST, Memories

pytestmark = pytest.mark.live

MIB = 2**20
SMALL = Memory(100.5, frozenset({"RA001", "RA022"}), {"0" * 16: 7.25, "f" * 16: 8.0})


@pytest.fixture
def api(controlplane: ControlPlane) -> Api:
    return controlplane.api


@pytest.fixture
def ns(namespace: Callable[[str], str]) -> str:
    return namespace("memory")


@pytest.fixture
async def client(controlplane: ControlPlane) -> AsyncIterator[Client]:
    async with await Client.connect(Credentials(str(controlplane.admin_kubeconfig))) as running:
        yield running


@pytest.fixture
def memories(client: Client, ns: str) -> Memories:
    return Memories(client, ns, "audit-memory")


def many(count: int) -> Memory:
    return Memory(
        1.0, frozenset(), {f"{n * 0x9E3779B97F4A7C15 % 2**64:016x}": n for n in range(count)}
    )


def versions(api: Api, ns: str) -> dict[str, str]:
    found = api.list("v1", "ConfigMap", ns).items
    return {
        text(each, "metadata", "name"): text(each, "metadata", "resourceVersion")
        for each in found
        if text(each, "metadata", "name").startswith("audit-memory")
    }


def rewrite(api: Api, ns: str, words: str, number: int = 0) -> None:
    """Somebody else writes in a ConfigMap."""
    change = {"data": {KEY: words}}
    api.patch("v1", "ConfigMap", f"audit-memory-{number}", ns, change=change)


async def test_there_is_nothing_at_first(memories: Memories, api: Api, ns: str) -> None:
    assert await memories.load() is None
    assert not versions(api, ns)


async def test_what_is_saved_is_loaded_by_another(
    memories: Memories, client: Client, ns: str
) -> None:
    await memories.save(SMALL)
    assert await Memories(client, ns, "audit-memory").load() == SMALL


async def test_fifty_thousand_findings_are_in_parts_below_a_mebibyte(
    memories: Memories, client: Client, api: Api, ns: str
) -> None:
    await memories.save(many(50_000))
    assert len(versions(api, ns)) == 4
    for name in versions(api, ns):
        assert len(text(api.get("v1", "ConfigMap", name, ns).body, "data", KEY)) < MIB
    assert await Memories(client, ns, "audit-memory").load() == many(50_000)


async def test_only_parts_that_are_others_are_written(
    memories: Memories, api: Api, ns: str
) -> None:
    before = many(MOST + 1)
    await memories.save(before)
    known = versions(api, ns)
    odd = next(print_ for print_ in before.since if int(print_, 16) % 2)
    later = {**before.since, odd: 9.0}
    await memories.save(replace(before, since=later))
    now = versions(api, ns)
    assert now["audit-memory-0"] == known["audit-memory-0"]
    assert now["audit-memory-1"] != known["audit-memory-1"]
    await memories.save(replace(before, since=later, saved=2.0))
    assert versions(api, ns)["audit-memory-1"] == now["audit-memory-1"]


@pytest.mark.parametrize(
    "words", ["", "{", "[]", '{"schema": "reachaudit.memory/v9", "parts": 1, "since": {}}', "\x00"]
)
async def test_what_cannot_be_read_is_nothing_and_is_written_over(
    memories: Memories, api: Api, ns: str, words: str
) -> None:
    await memories.save(SMALL)
    rewrite(api, ns, words)
    assert await memories.load() is None
    await memories.save(SMALL)
    assert await memories.load() == SMALL


async def test_what_nobody_of_us_writes_is_left_out(memories: Memories, api: Api, ns: str) -> None:
    await memories.save(SMALL)
    odd = '"zz": 1, "0000000000000001": -5, "0000000000000002": 1e300, "0000000000000003": 3'
    rewrite(api, ns, f'{{"schema": "reachaudit.memory/v1", "parts": -7, "since": {{{odd}}}}}')
    found = await memories.load()
    assert found is not None
    assert found.since == {"0000000000000003": 3}
    await memories.save(found)


async def test_a_part_that_is_lost_costs_what_was_in_it(
    memories: Memories, client: Client, api: Api, ns: str
) -> None:
    whole = many(MOST + 1)
    await memories.save(whole)
    api.delete("v1", "ConfigMap", "audit-memory-1", ns)
    found = await Memories(client, ns, "audit-memory").load()
    assert found is not None
    assert found.since == {
        print_: n for print_, n in whole.since.items() if int(print_, 16) % 2 == 0
    }


@pytest.mark.parametrize("lost", [False, True])
async def test_another_s_writing_is_a_conflict_once(
    memories: Memories, client: Client, api: Api, ns: str, lost: bool
) -> None:
    await memories.save(SMALL)
    if lost:
        api.delete("v1", "ConfigMap", "audit-memory-0", ns)
    else:
        other = Memories(client, ns, "audit-memory")
        await other.load()
        await other.save(replace(SMALL, saved=200.0))
    with pytest.raises(ApiError):
        await memories.save(replace(SMALL, saved=300.0))
    await memories.save(replace(SMALL, saved=300.0))
    found = await memories.load()
    assert found == replace(SMALL, saved=300.0)
    assert dig(api.get("v1", "ConfigMap", "audit-memory-0", ns).body, "metadata", "labels") == {
        "app.kubernetes.io/managed-by": "reachaudit"
    }
