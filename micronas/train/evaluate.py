"""Loss and figure of merit of a float network on a split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.data import Dataset, DataSplit, Task
from micronas.train.quality import NORMAL, Truth, quality, reconstruction_errors
from micronas.train.regression import MSE, regression_loss
from micronas.train.tf_model import TfModel

BATCH = 256
"""Samples per call: large enough to amortise the call, small enough for wide feature maps."""


@dataclass(frozen=True)
class Score:
    """Mean cross-entropy and accuracy (0..1); for anomaly detection mean squared error and AUC; for a
    regression the loss that is trained with, and R2.
    """

    loss: float
    accuracy: float


def validator(model: TfModel, dataset: Dataset, loss: str = MSE) -> SplitEvaluator:
    """Scores ``model`` on the validation split of ``dataset``."""
    split = dataset.validation
    return SplitEvaluator(model, split, dataset.task, dataset.learned(split), loss)


class SplitEvaluator:
    """Scores ``model`` on ``split`` repeatedly, with one trace.

    ``targets`` are those that a regression learns, with ``loss``.
    """

    def __init__(
        self,
        model: TfModel,
        split: DataSplit,
        task: Task = Task.CLASSIFY,
        targets: Truth | None = None,
        loss: str = MSE,
    ) -> None:
        self._split, self._task, self._loss = split, task, loss
        self._truth = split.y if targets is None else targets
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
        if self._task is Task.REGRESS:
            outputs, wanted = self.logits(), self._truth.astype(np.float32)
            return Score(
                regression_loss(self._loss, outputs, wanted), quality(self._task, outputs, x, wanted)
            )
        logits = self.logits().astype(np.float64)
        shifted = logits - logits.max(axis=1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]
        return Score(float(losses.mean()), float((logits.argmax(axis=1) == y).mean()))
