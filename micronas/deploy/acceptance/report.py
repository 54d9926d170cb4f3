"""The steps of a test, in order, and the outcome of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from micronas.trial import Json, latency_to_json

if TYPE_CHECKING:
    from micronas.deploy.deployment import Deployment

STEPS = {
    "tools": "compiler and device are available",
    "fits": "the network fits the board's memory",
    "builds": "it compiles, and the linked sizes equal the predicted ones",
    "runs": "the device runs exactly this build, and its counter works",
    "outputs": "every output element equals the reference's",
}
"""The names of the steps, which are stable, and what each step asserts."""


class StepOutcome(Enum):
    """``FAILED``: the deployment does not work. ``ERROR``: it could not be tested."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Step:
    """One of ``STEPS``; ``message`` is the reason if it did not pass, otherwise the finding."""

    name: str
    outcome: StepOutcome
    message: str = ""


@dataclass(frozen=True, eq=False)
class Report:
    """All steps of one model on one board. ``deployment`` is None unless it ran to the end."""

    model: str
    board: str
    device: str
    samples: int
    seconds: float
    steps: tuple[Step, ...]
    deployment: Deployment | None = None

    @property
    def passed(self) -> bool:
        """Whether every step passed."""
        return all(step.outcome is StepOutcome.PASSED for step in self.steps)

    @property
    def exit_code(self) -> int:
        """0: it works. 1: it does not. 2: it could not be tested."""
        outcomes = {step.outcome for step in self.steps}
        if StepOutcome.FAILED in outcomes:
            return 1
        return 2 if StepOutcome.ERROR in outcomes else 0


def report_to_json(report: Report) -> dict[str, Json]:
    """The object of ``test --json``; its keys are stable, figures are null unless it ran to the end."""
    deployed = report.deployment
    measured = deployed.measurement if deployed else None
    return {
        "model": report.model,
        "board": report.board,
        "device": report.device,
        "passed": report.passed,
        "samples": report.samples,
        "seconds": round(report.seconds, 3),
        "steps": [
            {"name": step.name, "outcome": step.outcome.value, "message": step.message}
            for step in report.steps
        ],
        "execution_target": deployed.execution_target.to_json() if deployed else None,
        "build_id": (deployed.twin or deployed.firmware).build_id.hex() if deployed else None,
        "parity": {"elements": measured.parity.elements, "mismatches": int(measured.parity.mismatches)}
        if measured
        else None,
        "latency": latency_to_json(measured.latency) if measured else None,
    }
