"""Quality of outputs for the data set's task: accuracy, AUC of reconstruction errors, or R2."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from micronas.data import Task
from micronas.errors import DataError
from micronas.train.auc import auc

Floats = npt.NDArray[np.float32]
Truth = npt.NDArray[np.int64] | npt.NDArray[np.float32]
"""Labels, or what a regression learns."""

NORMAL = 0
"""Label of normal samples in a data set for anomaly detection; every other label is an anomaly."""


def quality(task: Task, outputs: Floats, x: Floats, y: Truth) -> float:
    """0..1: accuracy, AUC of the reconstruction errors of anomalies, or R2, not below 0, of a regression.

    ``outputs`` (N, classes or features) are the network's outputs for ``x`` (N, ...) with labels ``y``, or
    with the targets that it learns (``Dataset.learned``).
    """
    if task is Task.REGRESS:
        return max(0.0, r_squared(outputs.reshape(-1), y))
    if task is Task.DETECT_ANOMALIES:
        return auc(reconstruction_errors(outputs, x), y != NORMAL)
    return float(np.mean(outputs.argmax(axis=1) == y))


def r_squared(outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """1 - mean squared error / variance of ``targets`` (N,): the share of the variance that is explained.

    1 is perfect, 0 as good as the mean of these targets; it can be below. Raises ``DataError`` if all
    targets are equal, for which it is not defined.
    """
    wanted = targets.astype(np.float64)
    variance = float(wanted.var())
    if variance == 0.0:
        raise DataError("R2 is not defined for targets that are all equal", remedy="evaluate more samples")
    return 1.0 - float(np.mean((outputs.astype(np.float64) - wanted) ** 2)) / variance


def reconstruction_errors(outputs: Floats, x: Floats) -> npt.NDArray[np.float64]:
    """Mean squared difference of output and input, per sample: the anomaly score."""
    difference = outputs.reshape(len(x), -1).astype(np.float64) - x.reshape(len(x), -1)
    return np.asarray((difference**2).mean(axis=1), np.float64)
