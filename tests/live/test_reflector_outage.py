"""The API server is killed, and its history is gone: the store is right again, for every kind."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from cluster.controlplane import ControlPlane
from live import everykind
from live.watched import until, watched
from reachaudit.model.kinds import KINDS, VENDOR_KINDS

pytestmark = pytest.mark.live

OLD, DELETED, CHANGED, NEW = 120, 50, 50, 20
NAMES = [f"o{number}" for number in range(OLD + NEW)]


@pytest.fixture
def breakable() -> Iterator[ControlPlane]:
    """A control plane that no other test shares, which serves every kind."""
    with ControlPlane() as running:
        everykind.serve_vendors(running.api, *VENDOR_KINDS)
        yield running


async def test_what_happened_to_any_kind_while_history_was_lost(breakable: ControlPlane) -> None:
    await asyncio.to_thread(begin, breakable)
    async with watched(breakable.admin_kubeconfig) as it:
        await it.synced()
        await it.agrees(breakable.api, *KINDS)
        it.changes.clear()
        await asyncio.to_thread(breakable.kill_api_server)
        await asyncio.to_thread(meanwhile, breakable)
        await until(
            lambda: all(state.last_error for state in it.reflectors.states.values()),
            "the fault is seen",
        )
        await asyncio.to_thread(breakable.start_api_server)
        await it.agrees(breakable.api, *KINDS)
        await until(lambda: not it.errors(), "all is well")
        for kind in KINDS:
            told = [c for c in it.changes if c.ref.kind == kind.name and c.ref.name in NAMES]
            assert len({change.ref for change in told}) == len(told), "nothing is told twice"
            came = Counter((c.old is not None, c.new is not None) for c in told)
            assert (came[True, False], came[False, True]) == (DELETED, NEW), kind
            assert it.state(kind).relists >= 1


def begin(controlplane: ControlPlane) -> None:
    for kind in KINDS:
        for name in NAMES[:OLD]:
            everykind.put(controlplane.etcd, kind, name)


def meanwhile(controlplane: ControlPlane) -> None:
    etcd = controlplane.etcd
    for kind in KINDS:
        for name in NAMES[:DELETED]:
            assert etcd.delete(everykind.key(kind, name)) == 1, kind
        for name in NAMES[DELETED : DELETED + CHANGED]:
            everykind.put(etcd, kind, name, "changed")
        for name in NAMES[OLD:]:
            everykind.put(etcd, kind, name)
    etcd.compact()
