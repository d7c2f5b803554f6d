"""Events as a real API server takes them, when all goes well and when it does not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web

from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.objects import text
from engine.clock import Clock
from live.faultyproxy import End, FaultyProxy, honest
from live.transitions import events, occurrences
from live.watched import until
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.model.names import Ref
from reachaudit.outputs import events as posting
from reachaudit.outputs.event import Event
from reachaudit.outputs.events import SERIES_SECONDS, Events, Telling

pytestmark = pytest.mark.live


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(controlplane: ControlPlane) -> Api:
    return controlplane.api


@pytest.fixture
def ns(namespace: Callable[[str], str]) -> str:
    return namespace("events")


@pytest.fixture
async def proxy(
    controlplane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FaultyProxy]:
    monkeypatch.setattr(posting, "_RETRY_SECONDS", 0.05)
    async with FaultyProxy(controlplane.admin_kubeconfig) as running:
        yield running


@asynccontextmanager
async def posting_to(kubeconfig: Path, clock: Clock) -> AsyncIterator[Events]:
    async with await Client.connect(Credentials(str(kubeconfig))) as client:
        poster = Events(client, "reachaudit-0", clock)
        task = asyncio.create_task(poster.run())
        try:
            yield poster
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def poster(controlplane: ControlPlane, clock: Clock) -> AsyncIterator[Events]:
    async with posting_to(controlplane.admin_kubeconfig, clock) as running:
        yield running


def event(ns: str, name: str = "web", note: str = "so") -> Event:
    about = Ref("Service", ns, name)
    return Event(about, "uid", ns, "ServiceWithoutEndpoints", "Opened", "Warning", note)


def told(api: Api, ns: str) -> dict[str, int]:
    """How often each note was told."""
    return {text(each, "note"): occurrences(each) for each in events(api, ns)}


async def offered(poster: Events, all_: Iterable[Event], **expected: int) -> None:
    """Offer Events and wait until these counts tell what became of them."""
    poster.offer(map(Telling, all_))
    wanted = {"posted": 0, "dropped": 0, "failed": 0} | expected
    await until(lambda: poster.counts.total() >= sum(wanted.values()), "all Events are dealt with")
    assert poster.counts == wanted


async def test_equal_events_are_a_series_and_others_are_not(
    poster: Events, api: Api, ns: str
) -> None:
    again, other = event(ns), event(ns, note="so, but otherwise")
    await offered(poster, [event(ns), again, other, again], posted=4)
    assert told(api, ns) == {"so": 3, "so, but otherwise": 1}


async def test_a_repeat_after_a_long_time_is_an_event_of_its_own(
    poster: Events, api: Api, ns: str, clock: Clock
) -> None:
    await offered(poster, [event(ns)], posted=1)
    clock.now += SERIES_SECONDS - 1
    await offered(poster, [event(ns)], posted=2)
    clock.now += SERIES_SECONDS + 1
    await offered(poster, [event(ns)], posted=3)
    assert sorted(occurrences(each) for each in events(api, ns)) == [1, 2]


async def test_who_takes_over_asks_what_was_told_and_repeats_none_of_it(
    controlplane: ControlPlane, poster: Events, api: Api, ns: str, clock: Clock
) -> None:
    began = clock.now
    await offered(poster, [event(ns)], posted=1)
    clock.now += 3 * SERIES_SECONDS
    done = list[str]()
    async with posting_to(controlplane.admin_kubeconfig, clock) as successor:
        successor.offer(
            Telling(event(ns, note=note), partial(done.append, note), began)
            for note in ("so", "not so")
        )
        await until(lambda: done == ["so", "not so"], "all is told")
    assert sorted(text(each, "note") for each in events(api, ns)) == ["not so", "so"]


async def test_what_waits_is_forgotten(poster: Events, api: Api, ns: str) -> None:
    poster.offer([Telling(event(ns))])
    poster.forget()
    await offered(poster, [event(ns, note="later")], posted=1)
    assert told(api, ns) == {"later": 1}


async def test_a_repeat_of_an_event_that_has_expired_is_posted_anew(
    poster: Events, api: Api, ns: str
) -> None:
    await offered(poster, [event(ns)], posted=1)
    [first] = events(api, ns)
    api.delete("v1", "Event", text(first, "metadata", "name"), ns)
    await offered(poster, [event(ns)], posted=2)
    assert told(api, ns) == {"so": 1}


async def test_the_longest_names_are_taken(poster: Events, api: Api, ns: str) -> None:
    name = "a" * 199 + "-" + "b" * 53  # where it is cut for the Event's name, there is a dash
    await offered(poster, [event(ns, name)], posted=1)
    [found] = events(api, ns)
    assert text(found, "regarding", "name") == name


async def test_an_event_whose_answer_is_lost_is_told_once(
    proxy: FaultyProxy, clock: Clock, api: Api, ns: str, tmp_path: Path
) -> None:
    lost: list[str] = []

    def lose(request: web.Request, data: bytes) -> Iterable[bytes | End]:
        if lost.count(request.method) < 2:  # the answers to two tries
            lost.append(request.method)
            return [End.CUT]
        return honest(request, data)

    proxy.spoil = lose
    async with posting_to(proxy.kubeconfig(tmp_path), clock) as poster:
        await offered(poster, [event(ns), event(ns)], posted=2)
    assert sorted(lost) == ["PATCH", "PATCH", "POST", "POST"]
    assert told(api, ns) == {"so": 2}


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_it_waits_for_an_api_server_that_cannot_answer_and_keeps_the_order(
    proxy: FaultyProxy, clock: Clock, api: Api, ns: str, tmp_path: Path, status: int
) -> None:
    asked = 0

    async def refuse(request: web.Request) -> web.Response | None:
        nonlocal asked
        asked += request.method == "POST"
        return web.Response(status=status) if asked <= 3 else None

    proxy.answer = refuse
    notes = [f"number {number}" for number in range(5)]
    async with posting_to(proxy.kubeconfig(tmp_path), clock) as poster:
        await offered(poster, [event(ns, note=note) for note in notes], posted=5)
    in_order = sorted(events(api, ns), key=lambda each: text(each, "eventTime"))
    assert [text(each, "note") for each in in_order] == notes


async def test_what_is_refused_for_good_holds_nothing_up(
    poster: Events, api: Api, ns: str, caplog: pytest.LogCaptureFixture
) -> None:
    gone, bad = event("no-such-namespace"), replace(event(ns), type="\x1b[31m")
    await offered(poster, [gone, bad, event(ns)], dropped=1, failed=1, posted=1)
    assert told(api, ns) == {"so": 1}
    [record] = caplog.records
    assert record.getMessage().isprintable()
    assert f"an Event about Service {ns}/web was refused: 422" in record.getMessage()


async def test_missing_rights_are_told(
    controlplane: ControlPlane, clock: Clock, ns: str, caplog: pytest.LogCaptureFixture
) -> None:
    kubeconfig = controlplane.kubeconfig_for(ns, "default")
    async with posting_to(kubeconfig, clock) as poster:
        await offered(poster, [event(ns)], failed=1)
    assert "was refused: 403 Forbidden" in caplog.text


async def test_a_namespace_that_ends_takes_no_events(poster: Events, api: Api, ns: str) -> None:
    held = {"namespace": ns, "name": "held", "finalizers": ["example.com/hold"]}
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    api.delete("v1", "Namespace", ns)
    await offered(poster, [event(ns)], dropped=1)
    api.patch("v1", "ConfigMap", "held", ns, change={"metadata": {"finalizers": None}})


async def test_an_event_that_always_fails_is_given_up(
    proxy: FaultyProxy,
    clock: Clock,
    api: Api,
    ns: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(posting, "_MOST_TRIES", 3)

    async def refuse(request: web.Request) -> web.Response | None:
        return web.Response(status=500) if b"hopeless" in await request.read() else None

    proxy.answer = refuse
    async with posting_to(proxy.kubeconfig(tmp_path), clock) as poster:
        await offered(poster, [event(ns, note="hopeless"), event(ns)], failed=1, posted=1)
    assert told(api, ns) == {"so": 1}
    assert "an Event was given up after 3 tries: 500" in caplog.text
