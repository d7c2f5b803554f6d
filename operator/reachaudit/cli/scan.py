"""`reachaudit scan`: what is wrong in manifests, or in a live cluster, now."""

import argparse
import sys
from typing import TYPE_CHECKING

from reachaudit.cli.assume import assumptions
from reachaudit.cli.command import CLUSTER, DIFFERENT, FINE, INPUT, Command, fail
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
    if given.fail_on is None:
        return FINE
    worst = Severity(given.fail_on).rank
    if any(found.finding.severity.rank <= worst for found in report.found):
        return DIFFERENT
    if report.problems:  # a gate that could not see all must not open
        sys.stdout.flush()
        code = CLUSTER if given.live else INPUT
        return fail("what was not understood may hide a finding that --fail-on asks for", code)
    return FINE


def _report(given: argparse.Namespace) -> "Report":
    chosen, left_out = assumptions(given), excluded(given)
    found = snapshot(given)
    from reachaudit.outputs.report import Report, located
    from reachaudit.round.audit import audit

    findings = audit(found.facts, chosen, left_out)
    problems = tuple(map(line, found.problems))
    placed = located(findings, found.places, found.places.of_field)
    return Report(placed, (*chosen.described(), *found.assumptions), problems)


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
        help="end with exit code 1 where a finding is at least so severe, and with 2 or 3 where "
        "something was not understood: "
        f"{', '.join(severity.value for severity in Severity)} (default: tell only)",
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
