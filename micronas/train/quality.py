"""Quality of outputs for the data set's task: accuracy, or AUC of reconstruction errors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.data import Task
from micronas.train.auc import auc

Floats = npt.NDArray[np.float32]

NORMAL = 0
"""Label of normal samples in a data set for anomaly detection; every other label is an anomaly."""


def quality(task: Task, outputs: Floats, x: Floats, y: npt.NDArray[np.int64]) -> float:
    """0..1: accuracy, or AUC of the reconstruction errors for anomaly detection.

    ``outputs`` (N, classes or features) are the network's outputs for ``x`` (N, ...) with labels ``y``.
    """
    if task is Task.DETECT_ANOMALIES:
        return auc(reconstruction_errors(outputs, x), y != NORMAL)
    return float(np.mean(outputs.argmax(axis=1) == y))


def reconstruction_errors(outputs: Floats, x: Floats) -> npt.NDArray[np.float64]:
    """Mean squared difference of output and input, per sample: the anomaly score."""
    difference = outputs.reshape(len(x), -1).astype(np.float64) - x.reshape(len(x), -1)
    return np.asarray((difference**2).mean(axis=1), np.float64)
