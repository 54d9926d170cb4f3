"""A data set in memory as a data source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.config import DataConfig
from micronas.data import DataKind, FrontEnd, Samples, Task
from micronas.data.targets import array_targets, as_regression
from micronas.errors import DataError


@dataclass(frozen=True, eq=False)
class ArraySource:
    """Arrays as a data source. It is called like any other one, and is sent to the workers with its
    arrays.
    """

    samples: Samples

    def __call__(self, config: DataConfig) -> Samples:
        """All samples; micronas splits them."""
        return self.samples


def from_arrays(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    kind: DataKind = DataKind.IMAGE,
    groups: npt.ArrayLike | None = None,
    name: str = "arrays",
    normalise: bool | None = None,
    target: str = "",
    unit: str = "",
) -> ArraySource:
    """A data source of ``x`` (N, height, width, channels) and labels ``y`` (N,) from 0.

    A sensor window (N, time, channels) is treated as (N, time, 1, channels). ``groups`` (N,) keeps all
    samples of a person or recording in the same part of the split. ``normalise`` scales each channel by the
    mean and spread of the training split; None does so for streams, and for inputs whose channels differ in
    spread. With ``target``, the name of a quantity, ``y`` (N,) are numbers to predict, in ``unit``: a
    regression. Raises ``DataError`` for shapes that do not fit.
    """
    inputs = np.asarray(x, np.float32)
    targets = array_targets("from_arrays", target, np.asarray(y)) if target else None
    labels = np.asarray(y, np.int64) if targets is None else np.zeros(len(targets), np.int64)
    if inputs.ndim == 3:
        inputs = inputs[:, :, np.newaxis, :]
    if inputs.ndim != 4 or labels.shape != (len(inputs),) or not len(inputs):
        raise DataError(
            f"x has shape {np.shape(x)} and y {np.shape(y)}",
            remedy="give x as (N, height, width, channels) or (N, time, channels), and y as (N,)",
        )
    if target and class_names:
        raise DataError(
            "class_names and target: a regression has no classes", remedy="leave one of the two out"
        )
    names = tuple(class_names) if class_names else tuple(str(i) for i in range(int(labels.max()) + 1))
    samples = Samples(
        name=name,
        kind=kind,
        x=inputs,
        y=labels,
        class_names=names,
        input_range=None,
        front_end=FrontEnd("none", 1),
        groups=None if groups is None else np.asarray(groups),
        normalise=normalise,
        task=Task.CLASSIFY,
    )
    return ArraySource(samples if targets is None else as_regression(samples, targets, target, unit))
