"""The forms in which machines take a scan's findings."""

from collections.abc import Callable

from reachaudit.outputs.github import report_github
from reachaudit.outputs.junit import report_junit
from reachaudit.outputs.report import Report
from reachaudit.outputs.report_json import report_json
from reachaudit.outputs.sarif import report_sarif

FORMATS: dict[str, Callable[[Report], str]] = {
    "json": report_json,
    "sarif": report_sarif,
    "junit": report_junit,
    "github": report_github,
}
