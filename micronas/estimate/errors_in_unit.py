"""A regression's errors in the unit of its target, with a bootstrap over samples, or over whole groups.

Errors of one person or recording go together, so groups are drawn where they are named (cluster bootstrap,
Field & Welsh 2007).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from micronas.data import Dataset, DataSplit
from micronas.data.constant import constant_errors
from micronas.estimate.accuracy import dequantized, input_quant, output_quant, quantized
from micronas.estimate.gap import LEVEL, RESAMPLES
from micronas.estimate.interval import Interval
from micronas.estimate.target_errors import TargetErrors
from micronas.model.front_end import RegressionTarget
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read_bytes

Values = npt.NDArray[np.float64]
_CHUNK = 50
"""Resamples drawn at a time, so that memory does not grow with their number."""


def target_errors(tflite: bytes, dataset: Dataset, split: DataSplit) -> TargetErrors | None:
    """The errors of an int8 network on ``split``; None if ``dataset`` has classes."""
    target, constant = dataset.target, constant_errors(dataset, split)
    if target is None or constant is None or split.targets is None:
        return None
    predicted = predictions(read_bytes(tflite, "network"), target, split.x)
    units = _sums(predicted - split.targets, split.targets, _units(dataset, split))
    mae, rmse, r2 = (float(v[0]) for v in _figures(units.sum(axis=0)[np.newaxis]))
    drawn = _resampled(units)
    over = f"bootstrap over {len(units)} {'samples' if len(units) == len(split) else 'groups'}"
    of_mae, of_rmse, of_r2 = (_interval(values, over) for values in drawn)
    return TargetErrors(
        target=target.name,
        unit=target.unit,
        samples=len(split),
        mae=mae,
        rmse=rmse,
        r2=r2,
        mae_interval=of_mae,
        rmse_interval=of_rmse,
        r2_interval=of_r2,
        constant_mae=constant.mae,
        constant_rmse=constant.rmse,
    )


def _interval(drawn: Values, method: str) -> Interval:
    low, high = np.percentile(drawn, LEVEL)
    return Interval(float(low), float(high), method)


def predictions(graph: Graph, target: RegressionTarget, x: npt.NDArray[np.float32]) -> Values:
    """What an int8 network predicts for float inputs ``x`` (N, ...), in the unit: float64 (N,)."""
    return in_unit(graph, target, run_batch(graph, [quantized(x, input_quant(graph))])[0])


def in_unit(graph: Graph, target: RegressionTarget, outputs: npt.NDArray[np.generic]) -> Values:
    """int8 ``outputs`` (N, 1) of the network in the unit of the target: float64 (N,)."""
    whole = np.asarray(outputs.reshape(len(outputs)), np.int8)
    return target.in_unit(dequantized(whole, output_quant(graph)))


def mean_errors(predicted: Values, targets: Values) -> tuple[float, float]:
    """Mean absolute error and root mean squared error of predictions (N,)."""
    apart = predicted - targets
    return float(np.abs(apart).mean()), math.sqrt(float((apart**2).mean()))


def _units(dataset: Dataset, split: DataSplit) -> npt.NDArray[np.int64]:
    """The unit of the bootstrap of each sample: its group if groups are named, otherwise itself."""
    if split.groups is None or not dataset.group_names or len(np.unique(split.groups)) < 2:
        return np.arange(len(split))
    return np.asarray(np.unique(split.groups, return_inverse=True)[1], np.int64)


def _sums(apart: Values, targets: Values, unit: npt.NDArray[np.int64]) -> Values:
    """Per unit (units, 5): samples, absolute and squared errors, centred targets and their squares."""
    centred = targets - targets.mean()
    columns = (np.ones(len(apart)), np.abs(apart), apart**2, centred, centred**2)
    return np.stack([np.bincount(unit, weights=column) for column in columns], axis=1)


def _figures(sums: Values) -> tuple[Values, Values, Values]:
    """MAE, RMSE and R2 of each row of ``sums`` (N, 5)."""
    count, absolute, squared, total, of_squares = sums.T
    spread = of_squares - total**2 / count
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(spread > 0, 1 - squared / spread, 0.0)  # a draw of equal targets explains nothing
    return absolute / count, np.sqrt(squared / count), r2


def _resampled(units: Values) -> tuple[Values, Values, Values]:
    rng, equal = np.random.default_rng(0), np.full(len(units), 1 / len(units))
    sums = [rng.multinomial(len(units), equal, _CHUNK) @ units for _ in range(RESAMPLES // _CHUNK)]
    return _figures(np.concatenate(sums))
