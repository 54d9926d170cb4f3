"""Figures of merit by name, for classes of unequal size: ``balanced_accuracy`` and ``macro_f1``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Labels, Metric
from micronas.host.plugin import Part, find

Outputs = npt.NDArray[np.int8]


def balanced_accuracy(y: Labels, outputs: Outputs) -> float:
    """Mean over the classes of the share of their samples that are recognised."""
    right = outputs.argmax(axis=1) == y
    return float(np.mean([right[y == label].mean() for label in np.unique(y)]))


def macro_f1(y: Labels, outputs: Outputs) -> float:
    """Mean over the classes of 2 x hits / (samples + predictions)."""
    answers = outputs.argmax(axis=1)
    scores = [
        2 * np.sum((answers == label) & (y == label)) / (np.sum(answers == label) + np.sum(y == label))
        for label in np.unique(y)
    ]
    return float(np.mean(scores))


METRICS: dict[str, Metric] = {"balanced_accuracy": balanced_accuracy, "macro_f1": macro_f1}


def metric_of(name: str) -> Metric:
    """The metric called ``name``, or the user's; raises ``ConfigError`` if there is none."""
    metric: Metric = METRICS.get(name) or find(name, Part.METRIC)
    return metric
