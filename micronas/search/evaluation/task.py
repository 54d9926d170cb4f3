"""Input and output of a worker: small, picklable and independent of any framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from micronas.errors import MachineError
from micronas.quantize.float_form import FloatForm
from micronas.search.affordable import SearchOrNot
from micronas.search.cpu_clock import SharedClock
from micronas.search.inheritance import Inheritance
from micronas.trial import Json, Outcome, Scores

if TYPE_CHECKING:
    from micronas.estimate.full import Estimate

QUALITY, LOSS = "quality_int8", "validation_loss"
"""In the details of a repeated training; the loss is the float network's, None if it is not known."""

WORKER_STAGE = "worker"
"""The stage of a task whose worker died, hung or was stopped."""

TRAINING = "training"
"""In the details of a final training: its options, in words."""


ONE_NETWORK = "one_network"
"""In the details of a trial, true if it was the final training of the only network of a run."""


@dataclass(frozen=True)
class TeacherNetwork:
    """The float network whose outputs a finalist learns: a trial and its packed weights, or a .keras file."""

    trial: int = -1
    arch: Json = None
    weights: bytes = b""
    path: str = ""


@dataclass(frozen=True)
class TrialTask:
    """One architecture to evaluate, as JSON.

    ``final`` requests the full training of a finalist instead of the search's short one. ``deadline_s``
    limits the training, and so does ``cpu_s`` in CPU seconds; None means as long as its epochs need.
    ``curves`` are the validation accuracies per epoch of earlier trials, for rules that stop a training
    early. They are those observed when this trial was proposed, so that a resumed run stops where the
    uninterrupted one did. ``profiles`` are the latency profiles of the same trials, for the same reason
    (see ``predicted_latency``). ``measure`` requires a measurement even if a prediction exists.
    ``hang_timeout_s`` is the time after which the task counts as hanging, if longer than the default.
    ``repeat`` above 0 trains the trial's network once more with another seed; the result has only its int8
    quality and its loss, as ``QUALITY`` and ``LOSS`` in the details. ``boards`` are those for which a network
    is evaluated in a search for several; empty in a search for one. ``inherits`` are the weights from which
    the training starts, in place of initial ones. ``teacher`` is the network whose outputs a final training
    also learns. ``undecided`` is set if the second epoch of a first trial decides whether it is a final
    training. ``epoch_factor`` is what an epoch takes on this machine, in predicted ones (``machine_speed``).
    ``alone`` is whether a final training gets all of the time of a budget.
    ``run_clock`` is set if ``cpu_s`` counts from there: it then includes the start of the worker.

    In a search with a pool of boards, a trial is two tasks: one with ``only_train``, whose result has the
    trained network, and one that has it as ``trained`` and measures it on the board ``pool_board``.
    """

    number: int
    arch: Json
    key: str
    final: bool = False
    deadline_s: float | None = None
    cpu_s: float | None = None
    curves: tuple[tuple[float, ...], ...] = ()
    profiles: tuple[Json, ...] = ()
    measure: bool = False
    hang_timeout_s: float = 0.0
    repeat: int = 0
    boards: tuple[str, ...] = ()
    inherits: Inheritance | None = None
    teacher: TeacherNetwork | None = None
    only_train: bool = False
    trained: Estimate | None = None
    pool_board: str = ""
    epoch_factor: float = 1.0
    undecided: Undecided | None = None
    alone: bool = False
    run_clock: SharedClock | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Undecided:
    """The rule by which the second epoch decides, and what the task becomes ``instead`` if it must."""

    search: SearchOrNot
    instead: TrialTask


@dataclass(frozen=True)
class TrialResult:
    """How a task ended. ``details`` are figures for the report only; see ``store.Record``.

    ``float_form`` is what a final training adds; None if it could not be made there. ``fault`` is set if the
    machine failed and not the network; such a result is never stored. ``trained`` is the result of a task
    with ``only_train``.
    """

    outcome: Outcome
    scores: Scores | None = None
    stage: str = ""
    reason: str = ""
    details: dict[str, Json] = field(default_factory=dict)
    tflite: bytes | None = None
    weights: bytes | None = None
    float_form: FloatForm | None = None
    fault: MachineError | None = None
    trained: Estimate | None = None


def failed_machine(fault: MachineError) -> TrialResult:
    """The result of a task that a fault of the machine prevented."""
    return TrialResult(Outcome.FAILED, stage=fault.stage, reason=fault.message, fault=fault)


Evaluate: TypeAlias = Callable[[TrialTask], TrialResult]
"""Runs one task to its end; an error inside is a FAILED result, never an exception."""
