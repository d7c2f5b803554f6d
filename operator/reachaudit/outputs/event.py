"""One Event as events.k8s.io/v1 has it, and whom it is about."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reachaudit.checks.catalogue import ABOUT
from reachaudit.checks.words import counted
from reachaudit.findings.finding import Finding, Severity
from reachaudit.findings.ledger import Transition
from reachaudit.findings.memory import News
from reachaudit.model.facts import Namespace
from reachaudit.model.kinds import KINDS
from reachaudit.model.names import Ref
from reachaudit.outputs.text import safe

CONTROLLER = "reachaudit.io/operator"
API_VERSION = "events.k8s.io/v1"
_LONGEST_NOTE = 1024
_LONGEST_NAME = 128
_API_VERSIONS = {kind.name: kind.api_version for kind in KINDS}
_GRAVE = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)

Body = dict[str, object]


@dataclass(frozen=True)
class Event:
    """An Event to post; equal ones are one Event with a series.

    `regarding` is the object at fault, `uid` its UID, `namespace` where the Event lives. The note
    counts too: the API server lets nobody change it, and other words are no repeat.
    """

    regarding: Ref
    uid: str
    namespace: str
    reason: str
    action: str
    type: str
    note: str


def event_of(transition: Transition, uid: str) -> Event:
    """What is told of a finding that opened or closed; `uid` is that of the object at fault."""
    finding = transition.finding
    opened = transition.kind == "opened"
    name = ABOUT[finding.check].name
    told = f"{finding.message} Fix: {finding.fix}"
    words = told if opened else f"No longer so: {finding.message}"
    note = f"[{finding.check} {finding.severity.value}] {words}"
    return Event(
        regarding=finding.cause,
        uid=uid,
        namespace=finding.namespace or "default",
        reason=name,
        action="Opened" if opened else "Closed",
        type="Warning" if opened and finding.severity in _GRAVE else "Normal",
        note=safe(note, _LONGEST_NOTE),
    )


def body_of(event: Event, name: str, instance: str, now: datetime) -> Body:
    """The API object, for its first occurrence."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Event",
        "metadata": {"name": name, "namespace": event.namespace},
        "eventTime": micro_time(now),
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:_LONGEST_NAME],
        "action": event.action,
        "reason": event.reason,
        "type": event.type,
        "note": event.note,
        "regarding": _reference(event),
    }


def _reference(event: Event) -> Body:
    """The API server takes an Event only into the namespace that its object names, or `default`:
    so a Namespace is said to lie in itself.
    """
    kind, namespace, name = event.regarding
    if kind == Namespace.kind:
        namespace = event.namespace
    return {
        "apiVersion": _API_VERSIONS.get(kind, "v1"),
        "kind": kind,
        "name": name,
        "uid": event.uid,
        **({"namespace": namespace} if namespace else {}),
    }


def series_of(count: int, now: datetime) -> Body:
    """The patch for a repeat: how often, and when last."""
    return {"series": {"count": count, "lastObservedTime": micro_time(now)}}


def micro_time(now: datetime) -> str:
    """RFC 3339 with microseconds, as MicroTime wants it."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def baseline_event(namespace: str, uid: str, findings: Sequence[Finding]) -> Event:
    """One Event for all that was there when the audit began; regards the operator's namespace."""
    return _audited(namespace, uid, "Baseline", f"The audit begins. {_standing(findings)}")


def resumed_event(
    namespace: str, uid: str, findings: Sequence[Finding], fresh: News, last: float
) -> Event:
    """One Event for an audit that goes on; `last` is when it was last known to be at work."""
    since = datetime.fromtimestamp(last, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    opened = sum(each.kind == "opened" for each in fresh.transitions)
    closed = len(fresh.transitions) - opened + fresh.forgotten
    happened = f"Since {since}: {opened} opened, {closed} closed."
    return _audited(
        namespace, uid, "Resumed", f"The audit goes on. {_standing(findings)} {happened}"
    )


def _standing(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    numbers = ", ".join(f"{counts[s]} {s.value}" for s in Severity if counts[s])
    places = counted(len({finding.namespace for finding in findings}), "namespace")
    return f"Open findings: {numbers}; in {places}." if findings else "No findings are open."


def _audited(namespace: str, uid: str, reason: str, note: str) -> Event:
    return Event(
        regarding=Ref(Namespace.kind, "", namespace),
        uid=uid,
        namespace=namespace,
        reason=reason,
        action="Audited",
        type="Normal",
        note=safe(note, _LONGEST_NOTE),
    )
