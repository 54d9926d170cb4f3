"""Weights of a timing model from measured cycles: least squares that starts from the core's uncalibrated
model.

An op's cycles are linear in its class counts. Some classes always occur together in these kernels, so the
equations alone do not determine them. Every weight is therefore kept near its prior by a penalty equivalent
to a few per cent of the measured cycles (ridge regression). Errors are relative: a small op counts as much as
a large one. The error bar is the 95th percentile of the errors of left-out ops, and at least 2 %, because ops
are not networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.board.profile import Calibration, MemoryCost, Residuals
from micronas.errors import DeviceError
from micronas.latency.core_model import TimingModel, accesses, misses
from micronas.latency.counts.classes import ClassCounts

Vector: TypeAlias = npt.NDArray[np.float64]

MIN_OPS = 20
MIN_ERROR = 0.02
_FOLDS = 8
_PRIOR_SHARE = 0.02
"""Strength of the priors: a weight moved by its own size costs as much as errors of 2 % in every op."""
_MISS = "miss"


@dataclass(frozen=True)
class Observed:
    """One op on the board: its class counts by QEMU, the cycles that the board took, and its wait states.

    ``memory`` is where the arena lay.
    """

    name: str
    counts: ClassCounts
    cycles: float
    wait_states: int
    memory: str = ""


@dataclass(frozen=True)
class FittedTerms:
    """The fitted model. ``residuals`` are relative, modelled / measured - 1, of ops left out of the fit."""

    weights: dict[str, float]
    miss_cycles_per_wait_state: float
    core_factor: float
    error: float
    residuals: tuple[float, ...]
    error_before: float
    memories: dict[str, MemoryCost] = field(default_factory=dict)

    def calibration(self, source: str) -> Calibration:
        """What the board's profile keeps."""
        return Calibration(
            weights={name: round(weight, 4) for name, weight in self.weights.items()},
            miss_cycles_per_wait_state=round(self.miss_cycles_per_wait_state, 4),
            core_factor=round(self.core_factor, 4),
            error=round(self.error, 4),
            source=source,
            memories={
                name: MemoryCost(
                    cycles_per_access=round(cost.cycles_per_access, 4), factor=round(cost.factor, 4)
                )
                for name, cost in self.memories.items()
            },
            residuals=self._residuals(),
        )

    def _residuals(self) -> Residuals:
        errors = np.abs(self.residuals)
        return Residuals(median=round(float(np.median(errors)), 4), largest=round(float(errors.max()), 4))


def fit_memory(there: Sequence[Observed], here: Sequence[Observed], model: TimingModel) -> MemoryCost:
    """What the memory of ``there`` costs more than that of ``here``: the same ops at the same clock.

    ``model`` is the fitted one of ``here``. Least squares of relative differences, so that what the model
    gets wrong about an op does not count.
    """
    _check(there)
    extra = np.array([a.cycles - b.cycles for a, b in zip(there, here, strict=True)])
    weights = 1.0 / np.array([b.cycles for b in here])
    reads = np.array([accesses(b.counts) for b in here])
    cost = float((extra * reads * weights**2).sum() / (reads**2 * weights**2).sum())
    core = sum(model.core_cycles(b.counts) for b in here)
    return MemoryCost(cycles_per_access=cost, factor=float((core + cost * reads.sum()) / core))


def fit_weights(observed: Sequence[Observed], prior: TimingModel) -> FittedTerms:
    """Fit ``observed``; raises ``DeviceError`` for too few ops or for impossible cycles."""
    _check(observed)
    names = [*prior.weights, _MISS]
    start = _prior_weights(prior)
    rows = np.array([_row(o, names) for o in observed])
    cycles = np.array([o.cycles for o in observed])
    fitted = _ridge(rows, cycles, start)
    residuals = _left_out(rows, cycles, start)
    before = np.abs(rows @ start / cycles - 1.0)
    core = [i for i, name in enumerate(names) if name != _MISS]
    default = sum(prior.core_cycles(o.counts) for o in observed)
    return FittedTerms(
        weights=dict(zip(names[:-1], map(float, fitted[core]), strict=True)),
        miss_cycles_per_wait_state=float(fitted[-1]),
        core_factor=float((rows[:, core] @ fitted[core]).sum() / default),
        error=max(MIN_ERROR, float(np.quantile(np.abs(residuals), 0.95))),
        residuals=tuple(map(float, residuals)),
        error_before=float(np.quantile(before, 0.95)),
    )


def _check(observed: Sequence[Observed]) -> None:
    if len(observed) < MIN_OPS:
        raise DeviceError(f"{len(observed)} ops were measured, but a calibration needs {MIN_OPS}")
    for one in observed:
        if one.cycles < 0.2 * one.counts.insn:
            raise DeviceError(
                f"{one.name} took {one.cycles:.0f} cycles for {one.counts.insn:.0f} instructions",
                remedy="its counter does not count cycles; check it with `micronas bench --device serial`",
            )


def _prior_weights(prior: TimingModel) -> Vector:
    """The model's weights in cycles of this core, and its cost of a missed line per wait state."""
    per_wait_state = prior.miss_cycles / prior.wait_states if prior.wait_states else 1.0
    return np.array([*prior.weights.values(), per_wait_state]) * prior.scale


def _row(one: Observed, names: Sequence[str]) -> list[float]:
    return [
        misses(one.counts) * one.wait_states if name == _MISS else float(getattr(one.counts, name))
        for name in names
    ]


def _ridge(rows: Vector, cycles: Vector, start: Vector) -> Vector:
    """The minimum of relative errors and relative distance from ``start``; only pairings may be negative."""
    scaled = rows / cycles[:, np.newaxis]
    wanted = 1.0 - scaled @ start
    strength = _PRIOR_SHARE * np.sqrt(len(cycles)) / np.abs(start)
    moved, *_ = np.linalg.lstsq(
        np.vstack([scaled, np.diag(strength)]), np.concatenate([wanted, np.zeros(len(start))]), rcond=None
    )
    fitted = start + moved
    return np.where(start > 0, np.maximum(fitted, 0.0), fitted)


def _left_out(rows: Vector, cycles: Vector, start: Vector) -> Vector:
    errors = np.empty(len(cycles))
    for fold in range(_FOLDS):
        out = np.arange(len(cycles)) % _FOLDS == fold
        weights = _ridge(rows[~out], cycles[~out], start)
        errors[out] = rows[out] @ weights / cycles[out] - 1.0
    return errors
