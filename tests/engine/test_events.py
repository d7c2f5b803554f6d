"""What Events say, and how many there may be of one object."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cluster.kubeconfig import kubeconfig
from engine.clock import Clock
from reachaudit.checks.catalogue import ABOUT
from reachaudit.findings.finding import Finding, Severity
from reachaudit.findings.ledger import Transition
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.model.names import Ref
from reachaudit.outputs.event import Event, baseline_event, body_of, event_of, micro_time
from reachaudit.outputs.events import BURST, REFILL_SECONDS, WAITING, Events, Telling

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
WEB = Ref("Service", "shop", "web")
FINDING = Finding("RA022", Severity.MEDIUM, WEB, "Nothing is there.", "Mend it.")
OPENED, CLOSED = Transition("opened", FINDING), Transition("closed", FINDING)


def test_an_opening_tells_what_is_wrong_and_what_mends_it() -> None:
    event = event_of(OPENED, "123")
    assert event == Event(
        regarding=WEB,
        uid="123",
        namespace="shop",
        reason="ServiceWithoutEndpoints",
        action="Opened",
        type="Warning",
        note="[RA022 medium] Nothing is there. Fix: Mend it.",
    )


def test_a_closing_is_good_news() -> None:
    event = event_of(CLOSED, "123")
    assert (event.action, event.type) == ("Closed", "Normal")
    assert event.note == "[RA022 medium] No longer so: Nothing is there."


@pytest.mark.parametrize("severity", Severity)
def test_only_what_matters_warns(severity: Severity) -> None:
    event = event_of(Transition("opened", replace(FINDING, severity=severity)), "")
    grave = severity not in (Severity.LOW, Severity.INFO)
    assert event.type == ("Warning" if grave else "Normal")


@pytest.mark.parametrize(
    ("cause", "namespace", "reference"),
    [
        (
            Ref("NetworkPolicy", "shop", "deny"),
            "shop",
            {"apiVersion": "networking.k8s.io/v1", "namespace": "shop"},
        ),
        # The API server would refuse a reference without a namespace here.
        (Ref("Namespace", "", "shop"), "shop", {"apiVersion": "v1", "namespace": "shop"}),
        (Ref("IngressClass", "", "nginx"), "default", {"apiVersion": "networking.k8s.io/v1"}),
    ],
)
def test_it_lives_with_the_object_that_it_regards(
    cause: Ref, namespace: str, reference: dict[str, str]
) -> None:
    event = event_of(Transition("opened", replace(FINDING, cause=cause)), "123")
    body = body_of(event, "name", "pod-0", NOW)
    assert body["metadata"] == {"name": "name", "namespace": namespace}
    own = {"kind": cause.kind, "name": cause.name, "uid": "123"}
    assert body["regarding"] == reference | own


def test_a_note_is_safe_and_short_enough_whatever_is_found() -> None:
    odd = replace(FINDING, message="\x1b[31m\n\u202e" + "ä" * 2000, fix="\x00")
    for transition in (Transition("opened", odd), Transition("closed", odd)):
        note = event_of(transition, "").note
        assert len(note.encode()) <= 1024
        assert note.isprintable()
        assert r"\x1b[31m\n\u202e" in note


def test_reasons_and_instances_are_as_short_as_the_api_wants() -> None:
    assert all(len(about.name) <= 128 and about.name.isalnum() for about in ABOUT.values())
    body = body_of(event_of(OPENED, ""), "name", "x" * 300, NOW)
    assert body["reportingInstance"] == "x" * 128


def test_time_is_told_in_utc_with_microseconds() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert micro_time(NOW) == micro_time(there) == "2026-01-02T03:04:05.000006Z"


def test_the_baseline_counts_by_severity() -> None:
    findings = [
        FINDING,
        replace(FINDING, cause=Ref("Service", "bank", "a")),
        replace(FINDING, severity=Severity.HIGH),
    ]
    event = baseline_event("audit", "123", findings)
    assert event.note == "The audit begins. Open findings: 1 high, 2 medium; in 2 namespaces."
    assert (event.regarding, event.namespace) == (Ref("Namespace", "", "audit"), "audit")
    assert baseline_event("audit", "", []).note == "The audit begins. No findings are open."


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def poster(tmp_path: Path, clock: Clock) -> AsyncIterator[Events]:
    """Takes Events and has not begun to post them."""
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig("http://127.0.0.1:1", tmp_path / "none", "nobody", "token"))
    async with await Client.connect(Credentials(str(path))) as client:
        yield Events(client, "pod-0", clock)


def telling_about(name: str, note: str = "") -> Telling:
    about = Ref("Service", "shop", name)
    return Telling(replace(event_of(OPENED, ""), regarding=about, note=note))


async def test_an_object_has_a_budget_that_fills_again(poster: Events, clock: Clock) -> None:
    poster.offer(telling_about("web", str(number)) for number in range(BURST + 3))
    assert poster.counts["dropped"] == 3
    poster.offer([telling_about("other")])
    assert poster.counts["dropped"] == 3
    clock.now += REFILL_SECONDS
    poster.offer([telling_about("web")] * 2)
    assert poster.counts["dropped"] == 4
    clock.now += 1000 * REFILL_SECONDS
    poster.offer([telling_about("web")] * (BURST + 1))
    assert poster.counts["dropped"] == 5


async def test_memory_is_bounded_while_the_api_server_is_away(poster: Events) -> None:
    poster.offer(telling_about(f"s{number}") for number in range(WAITING + 7))
    assert poster.counts["dropped"] == 7
