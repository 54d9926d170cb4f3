"""The losses of a regression, on targets that have mean 0 and spread 1 in the training split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from micronas.train.loop import Objective

Tensor: TypeAlias = Any
Floats: TypeAlias = npt.NDArray[np.float32]

MSE, MAE, HUBER = "mse", "mae", "huber"
HUBER_DELTA = 1.0
"""Standard deviations of the targets up to which Huber's loss (1964) is quadratic."""


def regression_objective(loss: str) -> Objective:
    """The mean of ``loss`` over a batch of targets (batch,) and outputs (batch, 1)."""
    import tensorflow as tf

    def objective(_x: Tensor, y: Tensor, outputs: Tensor) -> Tensor:
        far = tf.abs(tf.reshape(outputs, (-1,)) - y)
        if loss == MAE:
            return tf.reduce_mean(far)
        if loss == HUBER:
            near = tf.minimum(far, HUBER_DELTA)
            return tf.reduce_mean(near * (far - near / 2))
        return tf.reduce_mean(far * far)

    return objective


def regression_loss(loss: str, outputs: Floats, targets: Floats) -> float:
    """The same of all samples: outputs (N, 1), targets (N,)."""
    far = np.abs(outputs.reshape(-1).astype(np.float64) - targets)
    if loss == MAE:
        return float(far.mean())
    if loss == HUBER:
        near = np.minimum(far, HUBER_DELTA)
        return float((near * (far - near / 2)).mean())
    return float((far * far).mean())
