"""Tests a deployment: builds, runs and compares it, with a verdict for each step in a form for CI."""

from micronas.deploy.acceptance.junit import junit_xml
from micronas.deploy.acceptance.report import Report, Step, StepOutcome, report_to_json
from micronas.deploy.acceptance.run import accept

__all__ = ["Report", "Step", "StepOutcome", "accept", "junit_xml", "report_to_json"]
