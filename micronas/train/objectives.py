"""What a training minimises: the mean loss of a batch, by the task of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.data import Task
from micronas.train.regression import HUBER, HUBER_DELTA, MAE, MSE

Tensor: TypeAlias = Any
Objective: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(batch inputs, int labels or float targets, logits) -> mean loss."""

ClassWeights: TypeAlias = npt.NDArray[np.float32]
"""Weight of each class, (classes,)."""


def objective_of(
    task: Task, classes: int, smoothing: float, weights: ClassWeights | None = None, loss: str = MSE
) -> Objective:
    """The loss that a network for ``task`` minimises; see ``smoothed_cross_entropy`` for ``weights``.

    ``loss`` is that of a regression.
    """
    if task is Task.REGRESS:
        return regression_objective(loss)
    if task is Task.DETECT_ANOMALIES:
        return reconstruction_error
    return smoothed_cross_entropy(classes, smoothing, weights)


def reconstruction_error(x: Tensor, _y: Tensor, outputs: Tensor) -> Tensor:
    """Mean squared difference of outputs (batch, features) and inputs."""
    return tf.reduce_mean(tf.square(outputs - tf.reshape(x, tf.shape(outputs))))


def class_weights_of(y: npt.NDArray[np.int64], classes: int) -> ClassWeights:
    """Weights (classes,) with which every class counts equally; their mean over the samples ``y`` is 1."""
    counts = np.bincount(y, minlength=classes)
    present = counts > 0
    weights = np.zeros(classes, np.float32)
    weights[present] = len(y) / (present.sum() * counts[present])
    return weights


def smoothed_cross_entropy(classes: int, smoothing: float, weights: ClassWeights | None = None) -> Objective:
    """Cross-entropy with labels that spread ``smoothing`` of their mass evenly over all classes.

    ``weights`` (classes,) multiply the losses of the samples by their class.
    """

    def loss(_x: Tensor, y: Tensor, logits: Tensor) -> Tensor:
        targets = tf.one_hot(y, classes) * (1 - smoothing) + smoothing / classes
        losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
        return tf.reduce_mean(losses if weights is None else losses * tf.gather(weights, y))

    return loss


def regression_objective(loss: str) -> Objective:
    """The mean of ``loss`` over a batch of targets (batch,) and outputs (batch, 1)."""

    def objective(_x: Tensor, y: Tensor, outputs: Tensor) -> Tensor:
        far = tf.abs(tf.reshape(outputs, (-1,)) - y)
        if loss == MAE:
            return tf.reduce_mean(far)
        if loss == HUBER:
            near = tf.minimum(far, HUBER_DELTA)
            return tf.reduce_mean(near * (far - near / 2))
        return tf.reduce_mean(far * far)

    return objective
