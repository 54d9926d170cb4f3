"""One trial, from architecture to figures: train, quantize, score, build, run, measure, reward.

This runs in a worker. Any error becomes a FAILED result that names its stage; the search decides what to do
with it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from micronas.config import SearchConfig
from micronas.errors import MicronasError
from micronas.estimate.full import Estimate
from micronas.host.machine_fault import machine_fault
from micronas.host.program_output import shown
from micronas.quantize.float_form import FloatForm
from micronas.search.evaluation.task import (
    LOSS,
    ONE_NETWORK,
    QUALITY,
    TRAINING,
    TrialResult,
    TrialTask,
    failed_machine,
)
from micronas.search.final.cost import EPOCH_CPU_S
from micronas.store.final_figures import WITNESS
from micronas.store.other_boards import BOARDS, board_entry
from micronas.strategy.reward import reward
from micronas.trial import BUDGET_STAGE, Json, Latency, Outcome, Scores, object_at

_REASON_LIMIT, _TRACEBACK_LIMIT = 4_000, 20_000
"""Characters of a failed trial that the store keeps."""


@dataclass(frozen=True)
class DeployedFigures:
    """The result of deploying a model: its size by the ledger, and its latency if there is a device."""

    flash_bytes: int
    sram_bytes: int
    latency: Latency | None
    details: dict[str, Json]


Place: TypeAlias = Callable[[bytes, TrialTask], DeployedFigures]
"""Deploys a model on one board."""


@dataclass(frozen=True)
class Stages:
    """The two halves of a trial; tests substitute fakes. ``others`` are the boards but the first, by name.

    ``float_form`` is called after a final training only.
    """

    estimate: Callable[[TrialTask], Estimate]
    place: Place
    others: Mapping[str, Place] = field(default_factory=dict)
    float_form: Callable[[TrialTask, Estimate], FloatForm | None] = lambda task, estimate: None


class TrialEvaluator:
    """Runs tasks through the stages; implements ``task.Evaluate``."""

    def __init__(self, config: SearchConfig, stages: Stages) -> None:
        self._config, self._stages = config, stages

    def __call__(self, task: TrialTask) -> TrialResult:
        """See ``task.Evaluate``."""
        try:
            return self._run(task)
        except Exception as error:
            fault = machine_fault(error)
            return failed_machine(fault) if fault is not None else _failed(error)

    def _run(self, task: TrialTask) -> TrialResult:
        estimate = self._stages.estimate(task) if task.trained is None else task.trained
        if task.only_train:
            return TrialResult(Outcome.COMPLETE, trained=estimate)
        if task.repeat:
            return TrialResult(
                Outcome.COMPLETE, details={QUALITY: estimate.quality_int8, LOSS: estimate.loss}
            )
        trained: dict[str, Json] = {
            "curve": list(estimate.curve),
            "stopped": estimate.stopped,
            **({} if estimate.epoch_cpu_s is None else {EPOCH_CPU_S: estimate.epoch_cpu_s}),
            **({TRAINING: estimate.training} if estimate.training else {}),
            **({ONE_NETWORK: True} if estimate.alone else {}),
            **({WITNESS: estimate.witness.to_json()} if estimate.witness else {}),
        }
        if not task.boards:
            result = self._on_board(estimate, self._stages.place, task)
            details = {**result.details, **trained}
        else:
            result, others = self._on_boards(estimate, task)
            details = {**result.details, **trained, BOARDS: others}
        result = replace(result, details=details)
        if result.outcome is not Outcome.COMPLETE and not _completes_elsewhere(details):
            return result
        result = replace(result, tflite=estimate.tflite, weights=estimate.weights or None)
        if not (estimate.alone or (task.final and task.undecided is None)):
            return result
        return replace(result, float_form=self._stages.float_form(task, estimate))

    def _on_boards(self, estimate: Estimate, task: TrialTask) -> tuple[TrialResult, dict[str, Json]]:
        """On the first board, and the entries of the others; a failure on one board is not the others'."""
        first, others = TrialResult(Outcome.INFEASIBLE, stage=BUDGET_STAGE), dict[str, Json]()
        for name in task.boards:
            place = self._stages.others.get(name, self._stages.place)
            try:
                result = self._on_board(estimate, place, task)
            except Exception as error:
                if machine_fault(error) is not None:
                    raise
                result = _failed(error)
            if name in self._stages.others:
                others[name] = board_entry(
                    result.outcome, result.scores, result.stage, result.reason, result.details
                )
            else:
                first = result
        return first, others

    def _on_board(self, estimate: Estimate, place: Place, task: TrialTask) -> TrialResult:
        placed = place(estimate.tflite, task)
        details = dict(placed.details)
        scores = self._scores(estimate, placed)
        over = self._over_latency(placed.latency)
        if over:
            return TrialResult(Outcome.INFEASIBLE, stage="latency", reason=over, details=details)
        return TrialResult(Outcome.COMPLETE, scores, details=details)

    def _scores(self, estimate: Estimate, placed: DeployedFigures) -> Scores:
        latency_ms = placed.latency.ms if placed.latency else None
        return Scores(
            quality_int8=estimate.quality_int8,
            quality_float=estimate.quality_float,
            flash_bytes=placed.flash_bytes,
            sram_bytes=placed.sram_bytes,
            macs=estimate.macs,
            parameters=estimate.parameters,
            latency=placed.latency,
            reward=reward(estimate.quality_int8, latency_ms, self._config.reward),
            epochs=estimate.epochs,
            train_cpu_s=estimate.cpu_s,
            cut=estimate.cut,
            shortened=estimate.shortened,
            mae=estimate.mae,
            rmse=estimate.rmse,
        )

    def _over_latency(self, latency: Latency | None) -> str:
        limit_ms = self._config.constraints.latency_ms
        if latency is None or limit_ms is None or latency.ms <= limit_ms:
            return ""
        over_ms = latency.ms - limit_ms
        if latency.low_ms is not None:
            return f"{latency}: {over_ms:.2f} ms over constraints.latency_ms {limit_ms:g}"
        return f"{latency.ms:.2f} ms ({latency.source.value}), {over_ms:.2f} ms over constraints.latency_ms"


def _completes_elsewhere(details: Mapping[str, Json]) -> bool:
    """Whether the network has figures on a board other than the first."""
    others = object_at(details.get(BOARDS))
    return any(object_at(others, name).get("outcome") == Outcome.COMPLETE.value for name in others)


def _failed(error: Exception) -> TrialResult:
    if isinstance(error, MicronasError):
        return TrialResult(Outcome.FAILED, stage=error.stage, reason=shown(error.message, _REASON_LIMIT))
    # A TensorFlow error, out of memory, a bug: the search continues.
    trace = "".join(traceback.format_exception(error))
    details: dict[str, Json] = {"traceback": shown(trace, _TRACEBACK_LIMIT)}
    reason = shown(f"{type(error).__name__}: {error}", _REASON_LIMIT)
    return TrialResult(Outcome.FAILED, stage="bug", reason=reason, details=details)
