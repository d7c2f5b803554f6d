"""One Event as events.k8s.io/v1 has it, and whom it is about."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reachaudit.checks.catalogue import ABOUT
from reachaudit.findings.finding import Finding, Severity
from reachaudit.findings.ledger import Transition
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
class Key:
    """Events with the same key are one Event with a series."""

    regarding: Ref
    uid: str
    reason: str
    action: str
    type: str


@dataclass(frozen=True)
class Event:
    """An Event to post: its key, where it lives, and what it says."""

    key: Key
    namespace: str
    note: str


def event_of(transition: Transition, uid: str) -> Event:
    """What is told of a finding that opened or closed; `uid` is that of the object at fault."""
    finding = transition.finding
    opened = transition.kind == "opened"
    name = ABOUT[finding.check].name
    told = f"{finding.message} Fix: {finding.fix}"
    words = told if opened else f"No longer so: {finding.message}"
    key = Key(
        finding.cause,
        uid,
        name,
        "Opened" if opened else "Closed",
        "Warning" if opened and finding.severity in _GRAVE else "Normal",
    )
    note = f"[{finding.check} {finding.severity.value}] {words}"
    return Event(key, finding.namespace or "default", safe(note, _LONGEST_NOTE))


def body_of(event: Event, name: str, instance: str, now: datetime) -> Body:
    """The API object, for its first occurrence."""
    key = event.key
    reference: Body = {
        "apiVersion": _API_VERSIONS.get(key.regarding.kind, "v1"),
        "kind": key.regarding.kind,
        "name": key.regarding.name,
        "uid": key.uid,
    }
    if key.regarding.namespace:
        reference["namespace"] = key.regarding.namespace
    return {
        "apiVersion": API_VERSION,
        "kind": "Event",
        "metadata": {"name": name, "namespace": event.namespace},
        "eventTime": micro_time(now),
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:_LONGEST_NAME],
        "action": key.action,
        "reason": key.reason,
        "type": key.type,
        "note": event.note,
        "regarding": reference,
    }


def series_of(event: Event, count: int, now: datetime) -> Body:
    """The patch for a repeat: how often, when last, and the newest words."""
    return {"series": {"count": count, "lastObservedTime": micro_time(now)}, "note": event.note}


def micro_time(now: datetime) -> str:
    """RFC 3339 with microseconds, as MicroTime wants it."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def baseline_event(namespace: str, uid: str, findings: Sequence[Finding]) -> Event:
    """One Event for all that was there when the audit began; regards the operator's namespace."""
    counts = Counter(finding.severity for finding in findings)
    numbers = ", ".join(f"{counts[s]} {s.value}" for s in Severity if counts[s]) or "none"
    places = len({finding.namespace for finding in findings})
    note = f"The audit begins. Open findings: {numbers}; in {places} namespaces."
    key = Key(Ref(Namespace.kind, "", namespace), uid, "Baseline", "Audited", "Normal")
    return Event(key, namespace, safe(note, _LONGEST_NOTE))
