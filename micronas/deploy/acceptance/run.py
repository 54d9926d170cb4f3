"""Runs the steps. The first one that does not pass ends the test, with its error as the message."""

from __future__ import annotations

import time
from pathlib import Path

from micronas.board import Board
from micronas.deploy.acceptance.report import STEPS, Report, Step, StepOutcome
from micronas.deploy.deployment import Deployment, Samples, deploy, require_tools
from micronas.device.targets import Device
from micronas.errors import (
    BudgetError,
    BuildError,
    DeviceError,
    FlashError,
    MicronasError,
    ParityError,
    ToolMissingError,
)
from micronas.memory.ledger import make_ledger
from micronas.memory.plan.prefer import DEFAULT_PREFER, Prefer
from micronas.model.graph import Graph


def accept(
    graph: Graph,
    board: Board,
    samples: Samples,
    *,
    model: str,
    device_name: str,
    device: Device,
    workdir: Path,
    cache_dir: Path | None,
    prefer: Prefer = DEFAULT_PREFER,
) -> Report:
    """Build ``graph`` for ``board``, run it on ``device`` and compare every output element.

    ``model`` and ``device_name`` are for the report, ``prefer`` is of the memory plan. Errors of the stages
    are in the report; other errors are bugs and are raised.
    """
    started = time.monotonic()
    deployed: Deployment | None = None
    try:
        require_tools(device, board)
        deployed = deploy(
            graph,
            board,
            samples,
            device=device,
            workdir=workdir,
            cache_dir=cache_dir,
            ledger=make_ledger(graph, board, prefer=prefer),
        )
        deployed.require_parity()
        steps = _passed(deployed)
    except MicronasError as error:
        steps = _ended(error)
    return Report(
        model,
        board.name,
        device_name,
        len(samples[0]),
        time.monotonic() - started,
        steps,
        deployed,
    )


def _passed(deployed: Deployment) -> tuple[Step, ...]:
    parity = deployed.measurement.parity
    found = {
        "runs": str(deployed.execution_target),
        "outputs": f"{parity.elements:,} of {parity.elements:,} equal",
    }
    return tuple(Step(name, StepOutcome.PASSED, found.get(name, "")) for name in STEPS)


def _ended(error: MicronasError) -> tuple[Step, ...]:
    """The steps before that of ``error`` have passed, and those after it are skipped."""
    wrong, outcome = _step_of(error)
    names = list(STEPS)
    at = names.index(wrong)
    return (
        *(Step(name, StepOutcome.PASSED) for name in names[:at]),
        Step(wrong, outcome, str(error)),
        *(Step(name, StepOutcome.SKIPPED, f"{wrong} did not pass") for name in names[at + 1 :]),
    )


def _step_of(error: MicronasError) -> tuple[str, StepOutcome]:
    match error:
        case ParityError():
            return "outputs", StepOutcome.FAILED
        case BudgetError():
            return "fits", StepOutcome.FAILED
        case ToolMissingError():
            return "tools", StepOutcome.ERROR
        case BuildError():
            return "builds", StepOutcome.ERROR
        case DeviceError() | FlashError():
            return "runs", StepOutcome.ERROR
    return "builds", StepOutcome.ERROR
