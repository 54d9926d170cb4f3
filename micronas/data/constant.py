"""The errors of the simplest regression: the same number for every sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micronas.data.dataset import Dataset, DataSplit


@dataclass(frozen=True)
class ConstantErrors:
    """Mean absolute error and root of the mean squared error, in the unit of the target."""

    mae: float
    rmse: float


def constant_errors(dataset: Dataset, split: DataSplit) -> ConstantErrors | None:
    """Of always predicting the mean of the training targets; None if ``dataset`` has classes."""
    if dataset.target is None or split.targets is None:
        return None
    errors = split.targets - dataset.target.mean
    return ConstantErrors(float(np.abs(errors).mean()), float(np.sqrt((errors**2).mean())))
