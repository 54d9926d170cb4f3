"""One trial, from architecture to figures: train, quantize, score, build, run, measure, reward.

This runs in a worker. Any error becomes a FAILED result that names its stage; the search decides what to do
with it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass

from micronas.config import SearchConfig
from micronas.errors import MicronasError
from micronas.estimate.full import Estimate
from micronas.host.machine_fault import machine_fault
from micronas.host.program_output import shown
from micronas.search.task import QUALITY, TrialResult, TrialTask, failed_machine
from micronas.store.final_figures import WITNESS
from micronas.strategy.reward import reward
from micronas.trial import Json, Latency, Outcome, Scores

_REASON_LIMIT, _TRACEBACK_LIMIT = 4_000, 20_000
"""Characters of a failed trial that the store keeps."""


@dataclass(frozen=True)
class DeployedFigures:
    """The result of deploying a model: its size by the ledger, and its latency if there is a device."""

    flash_bytes: int
    sram_bytes: int
    latency: Latency | None
    details: dict[str, Json]


@dataclass(frozen=True)
class Stages:
    """The two halves of a trial; tests substitute fakes."""

    estimate: Callable[[TrialTask], Estimate]
    place: Callable[[bytes, TrialTask], DeployedFigures]


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
        estimate = self._stages.estimate(task)
        if task.repeat:
            return TrialResult(Outcome.COMPLETE, details={QUALITY: estimate.quality_int8})
        placed = self._stages.place(estimate.tflite, task)
        details: dict[str, Json] = {
            **placed.details,
            "curve": list(estimate.curve),
            "stopped": estimate.stopped,
            **({WITNESS: estimate.witness.to_json()} if estimate.witness else {}),
        }
        scores = self._scores(estimate, placed)
        over = self._over_latency(placed.latency)
        if over:
            return TrialResult(Outcome.INFEASIBLE, stage="latency", reason=over, details=details)
        return TrialResult(
            Outcome.COMPLETE,
            scores,
            details=details,
            tflite=estimate.tflite,
            weights=estimate.weights or None,
        )

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
        )

    def _over_latency(self, latency: Latency | None) -> str:
        limit_ms = self._config.constraints.latency_ms
        if latency is None or limit_ms is None or latency.ms <= limit_ms:
            return ""
        over_ms = latency.ms - limit_ms
        if latency.low_ms is not None:
            return f"{latency}: {over_ms:.2f} ms over constraints.latency_ms {limit_ms:g}"
        return f"{latency.ms:.2f} ms ({latency.source.value}), {over_ms:.2f} ms over constraints.latency_ms"


def _failed(error: Exception) -> TrialResult:
    if isinstance(error, MicronasError):
        return TrialResult(Outcome.FAILED, stage=error.stage, reason=shown(error.message, _REASON_LIMIT))
    # A TensorFlow error, out of memory, a bug: the search continues.
    trace = "".join(traceback.format_exception(error))
    details: dict[str, Json] = {"traceback": shown(trace, _TRACEBACK_LIMIT)}
    reason = shown(f"{type(error).__name__}: {error}", _REASON_LIMIT)
    return TrialResult(Outcome.FAILED, stage="bug", reason=reason, details=details)
