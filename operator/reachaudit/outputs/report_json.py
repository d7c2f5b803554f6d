"""A scan's findings as JSON: `docs/schemas/scan.v1.json` is its schema."""

from collections import Counter

import msgspec

from reachaudit.checks.catalogue import ABOUT
from reachaudit.findings.finding import Severity
from reachaudit.outputs.finding_json import Json, finding_json
from reachaudit.outputs.report import Found, Report
from reachaudit.outputs.text import safe

SCHEMA = "reachaudit.scan/v1"


def report_json(report: Report) -> str:
    """`{"schema", "summary", "findings": […], "assumptions": […], "problems": […]}`."""
    counts = Counter(found.finding.severity for found in report.found)
    document = {
        "schema": SCHEMA,
        "summary": {severity.value: counts[severity] for severity in Severity},
        "findings": [_found(found) for found in report.found],
        "assumptions": list(report.assumptions),
        "problems": [safe(problem) for problem in report.problems],
    }
    return msgspec.json.format(msgspec.json.encode(document)).decode() + "\n"


def _found(found: Found) -> Json:
    finding, place = found
    return {
        **finding_json(finding),
        "title": ABOUT[finding.check].title,
        "place": None if place is None else {"file": safe(place.file), "line": place.line},
    }
