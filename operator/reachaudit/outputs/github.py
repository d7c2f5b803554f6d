"""A scan's findings as annotations of GitHub's workflows."""

from reachaudit.checks.catalogue import ABOUT
from reachaudit.findings.finding import Severity
from reachaudit.outputs.report import Found, Report
from reachaudit.outputs.text import safe

_COMMANDS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


def report_github(report: Report) -> str:
    """A line a finding: `::error file=…,line=…,title=…::message`."""
    return "".join(f"{_annotation(found)}\n" for found in report.found)


def _annotation(found: Found) -> str:
    finding, place = found
    properties = {"title": f"{finding.check} {ABOUT[finding.check].title}"}
    if place is not None:
        properties = {"file": place.file, "line": str(place.line), **properties}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    lines = (f"{finding.cause}: {finding.message}", *finding.path, f"Fix: {finding.fix}")
    message = "%0A".join(_data(line) for line in lines)
    return f"::{_COMMANDS[finding.severity]} {told}::{message}"


def _data(text: str) -> str:
    """A line of a command; line breaks are no more in it, once it is safe."""
    return safe(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
