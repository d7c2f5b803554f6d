"""A scan's findings as JUnit XML: a suite for each check, a failure for each finding."""

from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from reachaudit.checks.catalogue import ABOUT
from reachaudit.checks.check import About
from reachaudit.outputs.report import Found, Report
from reachaudit.outputs.text import safe


def report_junit(report: Report) -> str:
    """A check that found nothing is one test that passed."""
    root = Element("testsuites", {"name": "reachaudit"})
    for about in ABOUT.values():
        own = [found for found in report.found if found.finding.check == about.id]
        root.append(_suite(about, own))
    tests = sum(len(suite) for suite in root)
    root.attrib.update(_counts(tests, len(report.found)))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(about: About, own: Sequence[Found]) -> Element:
    suite = Element("testsuite", {"name": f"{about.id} {about.title}"})
    for found in own:
        _add_failure(suite, found)
    if not own:
        SubElement(suite, "testcase", classname=_class(about.id), name="no findings", time="0")
    suite.attrib.update(_counts(len(suite), len(own)))
    return suite


def _add_failure(suite: Element, found: Found) -> None:
    finding, place = found
    name = f"{finding.cause} {finding.target}".strip()
    case = SubElement(suite, "testcase", classname=_class(finding.check), name=safe(name), time="0")
    if place is not None:
        case.set("file", safe(place.file))
        case.set("line", str(place.line))
    failure = SubElement(
        case, "failure", type=finding.severity.value, message=safe(finding.message)
    )
    where = [] if place is None else [str(place)]
    failure.text = "\n".join(map(safe, (*where, *finding.path, f"Fix: {finding.fix}")))


def _counts(tests: int, failures: int) -> dict[str, str]:
    return {"tests": str(tests), "failures": str(failures), "errors": "0", "time": "0"}


def _class(check: str) -> str:
    return f"reachaudit.{check}"
