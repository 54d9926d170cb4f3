"""Loss and figure of merit of a float network on a split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.data import DataSplit, Task
from micronas.train.quality import NORMAL, quality, reconstruction_errors
from micronas.train.tf_model import TfModel

BATCH = 256
"""Samples per call: large enough to amortise the call, small enough for wide feature maps."""


@dataclass(frozen=True)
class Score:
    """Mean cross-entropy and accuracy (0..1); for anomaly detection mean squared error and AUC."""

    loss: float
    accuracy: float


class SplitEvaluator:
    """Scores ``model`` on ``split`` repeatedly, with one trace."""

    def __init__(self, model: TfModel, split: DataSplit, task: Task = Task.CLASSIFY) -> None:
        self._split, self._task = split, task
        signature = [tf.TensorSpec((None, *split.x.shape[1:]), tf.float32)]
        self._logits = tf.function(lambda x: model(x, training=False), signature, autograph=False)

    def logits(self) -> npt.NDArray[np.float32]:
        """float32 (N, classes)."""
        x = self._split.x
        parts = [self._logits(tf.constant(x[i : i + BATCH])).numpy() for i in range(0, len(x), BATCH)]
        return np.concatenate(parts)

    def score(self) -> Score:
        """Loss and accuracy with the model's current weights."""
        x, y = self._split.x, self._split.y
        if self._task is Task.DETECT_ANOMALIES:
            outputs = self.logits()
            errors = reconstruction_errors(outputs, x)
            # The loss that the training minimises, over normal samples only: anomalies need not be
            # reconstructed well.
            return Score(float(errors[y == NORMAL].mean()), quality(self._task, outputs, x, y))
        logits = self.logits().astype(np.float64)
        shifted = logits - logits.max(axis=1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]
        return Score(float(losses.mean()), float((logits.argmax(axis=1) == y).mean()))
