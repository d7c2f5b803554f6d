"""A scan's findings as SARIF 2.1.0, for code scanning."""

import os
from pathlib import Path, PurePath
from urllib.parse import quote

import msgspec

from reachaudit import __version__
from reachaudit.checks.catalogue import ABOUT
from reachaudit.checks.check import About
from reachaudit.findings.finding import Finding, Severity
from reachaudit.outputs.finding_json import Json
from reachaudit.outputs.report import Found, Place, Report
from reachaudit.outputs.text import safe

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_RANKS = {
    Severity.CRITICAL: 100.0,
    Severity.HIGH: 80.0,
    Severity.MEDIUM: 50.0,
    Severity.LOW: 20.0,
    Severity.INFO: 0.0,
}
_RULES = {check: index for index, check in enumerate(ABOUT)}


def report_sarif(report: Report) -> str:
    """One run with all checks as rules.

    A rule has no `security-severity`: it would hide that a finding is graded by who gets through.
    """
    driver = {
        "name": "reachaudit",
        "version": __version__,
        "rules": [_rule(about) for about in ABOUT.values()],
    }
    run = {
        "tool": {"driver": driver},
        "results": [_result(found) for found in report.found],
        "invocations": [_invocation(report)],
        "properties": {"assumptions": list(report.assumptions)},
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document)).decode() + "\n"


def _rule(about: About) -> Json:
    return {
        "id": about.id,
        "name": about.name,
        "shortDescription": _message(about.title),
        "fullDescription": _message(about.why),
        "help": _message(f"{about.title}: {about.why}"),
        "defaultConfiguration": {"level": _LEVELS[about.severity]},
        "properties": {"tags": ["security", "kubernetes", about.rule]},
    }


def _result(found: Found) -> Json:
    finding = found.finding
    told = (finding.message, *finding.path, f"Fix: {finding.fix}")
    return {
        "ruleId": finding.check,
        "ruleIndex": _RULES[finding.check],
        "level": _LEVELS[finding.severity],
        "rank": _RANKS[finding.severity],
        "message": _message("\n".join(map(safe, told))),
        "locations": [_location(found)],
        # The first is ours; the second is the one by which GitHub tells alerts apart.
        "partialFingerprints": {
            "reachaudit/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
        },
        "properties": {"severity": finding.severity.value, "rules": list(finding.rules)},
    }


def _location(found: Found) -> Json:
    finding, place = found
    return {
        **({} if place is None else {"physicalLocation": _physical(place)}),
        "logicalLocations": [_logical(finding)],
    }


def _physical(place: Place) -> Json:
    return {"artifactLocation": _artifact(place.file), "region": {"startLine": place.line}}


def _artifact(file: str) -> Json:
    """A file beneath the folder in which the scan ran: code scanning wants it relative."""
    path = PurePath(file)
    if path.is_absolute():
        return {"uri": Path(file).as_uri()}
    return {"uri": quote(os.fsencode(path.as_posix())), "uriBaseId": "%SRCROOT%"}


def _logical(finding: Finding) -> Json:
    cause = safe(str(finding.cause))
    name = f"{cause}: {safe(finding.field)}" if finding.field else cause
    return {"name": safe(finding.cause.name), "fullyQualifiedName": name, "kind": "resource"}


def _invocation(report: Report) -> Json:
    notes = [{"level": "warning", "message": _message(safe(text))} for text in report.problems]
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}


def _message(text: str) -> Json:
    """Text that no reader takes for an embedded link (SARIF 3.11.6)."""
    return {"text": text.replace("](", "] (")}
