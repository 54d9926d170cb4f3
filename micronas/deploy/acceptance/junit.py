"""The report as JUnit XML, the form that GitHub, GitLab and Jenkins read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from micronas.deploy.acceptance.report import STEPS, Report, Step, StepOutcome

_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""Characters that XML 1.0 (section 2.2) cannot represent, not even escaped."""

_ELEMENTS = {StepOutcome.FAILED: "failure", StepOutcome.ERROR: "error", StepOutcome.SKIPPED: "skipped"}


def junit_xml(report: Report) -> str:
    """One test suite, one case for each step; all time is on the suite."""
    outcomes = [step.outcome for step in report.steps]
    suite = ET.Element(
        "testsuite",
        name=_clean(f"{report.model} on {report.board} ({report.device})"),
        tests=str(len(outcomes)),
        failures=str(outcomes.count(StepOutcome.FAILED)),
        errors=str(outcomes.count(StepOutcome.ERROR)),
        skipped=str(outcomes.count(StepOutcome.SKIPPED)),
        time=f"{report.seconds:.3f}",
    )
    for step in report.steps:
        _add_case(suite, report, step)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _add_case(suite: ET.Element, report: Report, step: Step) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=f"micronas.{report.board}.{report.device}", name=step.name
    )
    message = _clean(step.message)
    if step.outcome in _ELEMENTS:
        first = next(iter(message.splitlines()), "")
        ET.SubElement(case, _ELEMENTS[step.outcome], message=first).text = message
    else:
        ET.SubElement(case, "system-out").text = (
            f"{STEPS[step.name]}: {message}" if message else STEPS[step.name]
        )


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
