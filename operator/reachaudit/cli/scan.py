"""`reachaudit scan`: what is wrong in manifests, or in a live cluster, now."""

import argparse
from typing import TYPE_CHECKING

from reachaudit.cli.assume import assumptions
from reachaudit.cli.command import DIFFERENT, FINE, Command
from reachaudit.cli.namespaces import add_exclude, excluded
from reachaudit.cli.source import add_source, line, snapshot
from reachaudit.cli.terminal import BOLD_RED, CYAN, DIM, RED, YELLOW, painted, width
from reachaudit.findings.finding import Severity

if TYPE_CHECKING:
    from reachaudit.outputs.report import Report

FORMATS = ("text", "json", "sarif", "junit", "github")
_COLOURS = {
    Severity.CRITICAL: BOLD_RED,
    Severity.HIGH: RED,
    Severity.MEDIUM: YELLOW,
    Severity.LOW: CYAN,
    Severity.INFO: DIM,
}


def _run(given: argparse.Namespace) -> int:
    report = _report(given)
    print(_written(report, given.output), end="")
    bar = None if given.fail_on is None else Severity(given.fail_on).rank
    failed = bar is not None and any(f.finding.severity.rank <= bar for f in report.found)
    return DIFFERENT if failed else FINE


def _report(given: argparse.Namespace) -> "Report":
    chosen, left_out = assumptions(given), excluded(given)
    found = snapshot(given)
    from reachaudit.outputs.report import Report, located
    from reachaudit.round.audit import audit

    findings = audit(found.facts, chosen, left_out)
    problems = tuple(map(line, found.problems))
    return Report(located(findings, found.places), chosen.described(), problems)


def _written(report: "Report", form: str) -> str:
    from reachaudit.outputs import formats, report_text

    if form == "text":
        return report_text.report_text(report, _paint, width())
    return formats.FORMATS[form](report)


def _paint(word: str, severity: Severity) -> str:
    return painted(word, _COLOURS[severity])


def _add(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=FORMATS,
        default="text",
        help="for a person, for tools (json), or for what shows findings of CI (default: text)",
    )
    parser.add_argument(
        "--fail-on",
        metavar="SEVERITY",
        choices=[severity.value for severity in Severity],
        help="end with exit code 1 where a finding is at least so severe: "
        f"{', '.join(severity.value for severity in Severity)} (default: never)",
    )
    add_exclude(parser)


COMMAND = Command(
    "scan",
    "tell what is wrong, in manifests or a live cluster",
    "Work out who can reach what, judge it as the operator would, and tell what is wrong, the "
    "worst first.",
    _add,
    _run,
)
