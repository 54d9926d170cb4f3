"""The losses of a regression, on targets that have mean 0 and spread 1 in the training split."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]

MSE, MAE, HUBER = "mse", "mae", "huber"
HUBER_DELTA = 1.0
"""Standard deviations of the targets up to which Huber's loss (1964) is quadratic."""


def regression_loss(loss: str, outputs: Floats, targets: Floats) -> float:
    """The mean of ``loss`` over all samples: outputs (N, 1), targets (N,)."""
    far = np.abs(outputs.reshape(-1).astype(np.float64) - targets)
    if loss == MAE:
        return float(far.mean())
    if loss == HUBER:
        near = np.minimum(far, HUBER_DELTA)
        return float((near * (far - near / 2)).mean())
    return float((far * far).mean())
