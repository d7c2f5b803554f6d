"""Random sequences of faults and changes, and after each: nothing lost, nothing stale, no crash.

A reflector of every kind and the operator itself, as a process, work on a real API server through
a proxy. `FAULT_SEQUENCES` says how many sequences; `make soak` takes 200.
"""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from yarl import URL

from cluster.controlplane import ControlPlane
from cluster.objects import KubeObject, text
from cluster.waiting import wait_for
from live import everykind
from live.audited import READ, requests, resource
from live.faultyproxy import End, FaultyProxy, Spoil, forward, honest, same
from live.identity import USER, install_identity
from live.operatorprocess import Operator
from live.watched import Watched, is_watch, watched
from reachaudit.cli.entry import parse
from reachaudit.cli.run import options
from reachaudit.kube import backoff, client
from reachaudit.model.kinds import (
    INGRESS,
    KINDS,
    NAMESPACE,
    NETWORK_POLICY,
    SERVICE,
    VENDOR_KINDS,
    Kind,
)
from reachaudit.model.store import Change
from reachaudit.outputs.finding_json import finding_json
from reachaudit.round.pipeline import Pipeline
from reachaudit.watch import reflector

pytestmark = pytest.mark.live

T = TypeVar("T")
SEQUENCES = int(os.environ.get("FAULT_SEQUENCES", "4"))
SECONDS = 60.0
CILIUM = VENDOR_KINDS[0]
CHANGED = (NETWORK_POLICY, SERVICE, INGRESS, NAMESPACE, CILIUM)
WRITTEN = {("events.k8s.io", "events"), ("", "configmaps"), ("coordination.k8s.io", "leases")}

# As the operator waits, but not so long.
HASTE = {
    (backoff, "LONGEST"): 0.5,
    (client, "ANSWER_SECONDS"): 2.0,
    (client, "SILENT_SECONDS"): 2.0,
    (client, "RENEWAL_GAP"): 0.1,
    (reflector, "ABSENT_SECONDS"): 0.2,
}


class World:
    """The API server behind the proxy, and who works on it, from the first sequence to the last."""

    def __init__(self, controlplane: ControlPlane, folder: Path) -> None:
        self.controlplane, self._folder = controlplane, folder
        self._loop = asyncio.new_event_loop()
        self._open, self._inner = ExitStack(), AsyncExitStack()
        self.memory: list[int] = []

    def __enter__(self) -> "World":
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        self._open.callback(self._loop.close)
        self._open.callback(thread.join)
        self._open.callback(lambda: self._loop.call_soon_threadsafe(self._loop.stop))
        command = install_identity(self.controlplane.api)
        everykind.serve_vendors(self.controlplane.api, CILIUM)
        kubeconfig = self.controlplane.kubeconfig_for(command.namespace, command.service_account)
        self.proxy = self._within(FaultyProxy(kubeconfig))
        self._open.callback(lambda: self.run(self._inner.aclose()))
        through = self.proxy.kubeconfig(self._folder)
        self.watched: Watched = self._within(watched(through))
        _, given = parse(command.argv[1:])
        self.options = options(given)
        hasty = "; ".join(
            f"import {module.__name__} as m; m.{name} = {value}"
            for (module, name), value in HASTE.items()
        )
        self.operator = self._open.enter_context(Operator(command, through, before=hasty))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Run something in the loop of the proxy."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def _within(self, context: AbstractAsyncContextManager[T]) -> T:
        return self.run(self._inner.enter_async_context(context))

    def suffer(
        self,
        answer: Callable[[web.Request], Awaitable[web.Response | None]] = forward,
        spoil: Spoil = honest,
        ask: Callable[[web.Request], URL] = same,
    ) -> None:
        """Let the proxy do this from now on, until it has done so a few times."""

        async def begin() -> None:
            self.proxy.answer, self.proxy.spoil, self.proxy.ask = answer, spoil, ask
            self.proxy.drop()
            self.proxy.requests.clear()

        self.run(begin())
        wait_for(lambda: len(self.proxy.requests) > 5, "the fault is felt", SECONDS)

    def check(self) -> None:
        """All is well, and as if nothing had happened."""
        self.run(self.watched.agrees(self.controlplane.api, *KINDS))
        wait_for(lambda: not self.watched.errors(), "no watch is at fault", SECONDS)
        wait_for(lambda: self.operator.readiness() == "ok\n", "the operator is ready", SECONDS)
        expected = self.findings()
        wait_for(lambda: self.told() == expected, "it tells what it should", SECONDS)
        assert {text(each, "level") for each in self.operator.records} <= {"info", "warning"}
        self.memory.append(self.operator.memory)

    def findings(self) -> list[str]:
        """What is to be told, by a pipeline that has seen only the objects that are there now."""
        chosen = self.options
        pipeline = Pipeline(chosen.assumptions, chosen.excluded, float, float)
        items = [item for kind in KINDS for item in self.watched.stored(kind).values()]
        found = pipeline.run([Change(item.ref, None, item.fact, 0.0) for item in items]).open
        return sorted(json.dumps(finding_json(e.finding), sort_keys=True) for e in found)

    def told(self) -> list[str]:
        """What the operator tells."""
        found = [{**each} for each in self.operator.findings()]
        for each in found:
            del each["since"]
        return sorted(json.dumps(each, sort_keys=True) for each in found)

    def writes(self) -> list[KubeObject]:
        """What was written by whoever bears the operator's name."""
        return [each for each in requests(self.controlplane) if each["verb"] not in READ]


class Sequence(RuleBasedStateMachine):
    """One sequence of faults and changes."""

    world: World

    @initialize()
    def begin(self) -> None:
        """All is well at first."""
        self.world.suffer()

    @rule(kind=st.sampled_from(CHANGED), number=st.integers(0, 9), app=st.sampled_from("abc"))
    def put(self, kind: Kind, number: int, app: str) -> None:
        everykind.put(self.world.controlplane.etcd, kind, f"o{number}", app)

    @rule(kind=st.sampled_from(CHANGED), number=st.integers(0, 9))
    def delete(self, kind: Kind, number: int) -> None:
        self.world.controlplane.etcd.delete(everykind.key(kind, f"o{number}"))

    @rule()
    def lose_history(self) -> None:
        etcd = self.world.controlplane.etcd
        etcd.put("/history", b"")  # there must be some to lose
        etcd.compact()

    @rule(status=st.sampled_from([401, 403, 404, 410, 429, 500, 503]))
    def refuse(self, status: int) -> None:
        async def refuse(_: web.Request) -> web.Response:
            return web.Response(status=status, text="no", headers={"Retry-After": "0"})

        self.world.suffer(refuse)

    @rule()
    def swallow(self) -> None:
        async def swallow(_: web.Request) -> None:
            await asyncio.Event().wait()

        self.world.suffer(swallow)

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.5]))
    def delay(self, seconds: float) -> None:
        async def delay(_: web.Request) -> None:
            await asyncio.sleep(seconds)

        self.world.suffer(delay)

    @rule(at=st.floats(0, 1), end=st.sampled_from(End))
    def cut(self, at: float, end: End) -> None:
        def cut(_: web.Request, data: bytes) -> Iterable[bytes | End]:
            return [data[: int(len(data) * at)], end]

        self.world.suffer(spoil=cut)

    @rule(garbage=st.binary(max_size=50))
    def spoil(self, garbage: bytes) -> None:
        self.world.suffer(spoil=lambda r, data: [data, garbage + b"\n"] if is_watch(r) else [data])

    @rule()
    def end_watches_each_second(self) -> None:
        def briefly(request: web.Request) -> URL:
            url = request.rel_url
            return url.update_query(timeoutSeconds="1") if is_watch(request) else url

        self.world.suffer(ask=briefly)

    @rule()
    def drop(self) -> None:
        self.world.suffer(self.world.proxy.answer, self.world.proxy.spoil, self.world.proxy.ask)

    @rule(meanwhile=st.lists(st.tuples(st.sampled_from(CHANGED), st.integers(0, 9)), max_size=20))
    def kill_the_api_server(self, meanwhile: list[tuple[Kind, int]]) -> None:
        controlplane = self.world.controlplane
        controlplane.kill_api_server()
        for kind, number in meanwhile:
            controlplane.etcd.delete(everykind.key(kind, f"o{number}"))
            everykind.put(controlplane.etcd, kind, f"o{9 - number}", "meanwhile")
        self.lose_history()
        controlplane.start_api_server()

    @rule()
    def replace_a_vendors_kind(self) -> None:
        api = self.world.controlplane.api
        wait_for(lambda: everykind.is_served(api, CILIUM), "the kind is served", SECONDS)
        everykind.drop_vendors(api, CILIUM)
        wait_for(lambda: not everykind.is_served(api, CILIUM), "the kind is gone", SECONDS)
        everykind.serve_vendors(api, CILIUM)

    def teardown(self) -> None:
        """The faults are over."""
        self.world.suffer()
        self.world.check()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        ControlPlane(audited=USER) as controlplane,
        World(controlplane, tmp_path_factory.mktemp("world")) as running,
    ):
        for (module, name), value in HASTE.items():
            patch.setattr(module, name, value)
        yield running


def test_after_any_faults_nothing_is_lost_or_stale_or_written(world: World) -> None:
    class OfThisWorld(Sequence):
        pass

    OfThisWorld.world = world
    run_state_machine_as_test(
        OfThisWorld,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=8,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # a sequence begins where the last one ended
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert {resource(each) for each in world.writes()} <= WRITTEN
    print(f"memory in KiB after each sequence: {world.memory}")
    half = len(world.memory) // 2
    assert max(world.memory[half:]) < 1.25 * max(world.memory[: half or 1])
