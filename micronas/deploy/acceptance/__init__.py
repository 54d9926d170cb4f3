"""Does this deployment work? Built, run and compared, with a verdict for each step that a CI can read."""

from micronas.deploy.acceptance.junit import junit_xml
from micronas.deploy.acceptance.report import Report, Step, StepOutcome, report_to_json
from micronas.deploy.acceptance.run import accept

__all__ = ["Report", "Step", "StepOutcome", "accept", "junit_xml", "report_to_json"]
