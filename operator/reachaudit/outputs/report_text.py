"""A scan's findings for a person: a paragraph each, the worst first."""

from collections import Counter
from collections.abc import Callable, Iterator

from reachaudit.checks.catalogue import ABOUT
from reachaudit.checks.words import counted
from reachaudit.findings.finding import Severity
from reachaudit.outputs.folding import assumed, folded
from reachaudit.outputs.report import Found, Report
from reachaudit.outputs.text import safe

Paint = Callable[[str, Severity], str]
_INDENT = "  "


def plain(text: str, _: Severity) -> str:
    """Without colour."""
    return text


def report_text(report: Report, paint: Paint = plain, width: int = 0) -> str:
    """`paint` colours a word by severity. Lines are folded at `width`; 0 leaves them whole."""
    paragraphs = [_paragraph(found, paint, width) for found in report.found]
    paragraphs.append(folded(_summary(report), width))
    if report.assumptions:
        paragraphs.append(assumed(report.assumptions, width))
    return "\n\n".join(paragraphs) + "\n"


def _paragraph(found: Found, paint: Paint, width: int) -> str:
    finding = found.finding
    severity = paint(finding.severity.value.upper(), finding.severity)
    lines = [f"{severity} {finding.check} {ABOUT[finding.check].title}"]
    lines += (folded(safe(line), width, _INDENT) for line in _lines(found))
    return "\n".join(lines)


def _lines(found: Found) -> Iterator[str]:
    finding, place = found
    where = [str(finding.cause), *([str(place)] if place else [])]
    yield f"{', '.join(where)}{f': {finding.field}' if finding.field else ''}"
    yield finding.message
    yield from finding.path
    yield f"Fix: {finding.fix}"


def _summary(report: Report) -> str:
    counts = Counter(found.finding.severity for found in report.found)
    numbers = ", ".join(f"{counts[each]} {each.value}" for each in Severity if counts[each])
    told = f"{counted(len(report.found), 'finding')}: {numbers}." if numbers else "No findings."
    if report.problems:
        told += f" {counted(len(report.problems), 'problem')} with what was read."
    return told
