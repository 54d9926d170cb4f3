"""Numbers to predict in place of classes: a regression.

Every sample also gets a band of the targets as its label, a fifth of the samples each. Splits, groups and
calibration then cover the whole range of targets as they cover all classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Labels, RegressionTarget, Task
from micronas.data.samples import Samples
from micronas.data.sources.options import read
from micronas.data.split import TRAIN
from micronas.errors import DataError

Values = npt.NDArray[np.float64]

BANDS = 5
CLASS_OPTIONS = ("label", "classes", "normal", "y")
"""Options of sources that have no meaning beside a target."""
REMEDY = "set data.options.target to a column or array with one finite number per sample"


def as_regression(samples: Samples, targets: npt.ArrayLike, name: str, unit: str) -> Samples:
    """``samples`` with ``targets`` (N,) in ``unit`` and with the bands of them as labels."""
    values = np.asarray(targets, np.float64)
    y, names = bands(values, unit)
    return replace(
        samples,
        y=y,
        class_names=names,
        targets=values,
        target_name=name,
        target_unit=unit,
        task=Task.REGRESS,
    )


def bands(targets: Values, unit: str) -> tuple[Labels, tuple[str, ...]]:
    """The band (N,) of each target, and the range of each: at most ``BANDS``, with equal shares if possible.

    Targets that are not finite are all in one band; ``check_samples`` refuses them.
    """
    if targets.ndim != 1 or not len(targets) or not np.isfinite(targets).all():
        return np.zeros(len(targets) if targets.ndim else 0, np.int64), ("",)
    edges = np.quantile(targets, np.linspace(0, 1, BANDS + 1)[1:-1])
    _, y = np.unique(np.searchsorted(edges, targets, side="left"), return_inverse=True)
    members = [targets[y == band] for band in range(int(y.max()) + 1)]
    names = tuple(f"{m.min():.4g} to {m.max():.4g} {unit}".strip() for m in members)
    return y.astype(np.int64), names


def target_of(samples: Samples, part: Labels) -> RegressionTarget | None:
    """Mean and spread of the training targets; None if ``samples`` have classes."""
    if samples.targets is None:
        return None
    train = samples.targets[part == TRAIN]
    return RegressionTarget(samples.target_name, samples.target_unit, float(train.mean()), float(train.std()))


def target_option(options: Mapping[str, object]) -> tuple[str, str]:
    """The options ``target`` and ``unit``, empty if not given.

    Raises ``DataError`` for options of classes beside a target, and for options of a target without it.
    """
    name, unit = read(options, "target", str, ""), read(options, "unit", str, "")
    if not name:
        lone = [option for option in ("unit", "target_at") if option in options]
        if lone:
            raise DataError(
                f"data option {lone[0]!r} is for a regression, and no target is named",
                remedy=REMEDY,
                settings=("data.options.target",),
            )
        return "", ""
    classes = [option for option in CLASS_OPTIONS if option in options]
    if classes:
        raise DataError(
            f"data options 'target' and {classes[0]!r}: a regression has no classes",
            remedy=f"remove target to classify, or {classes[0]} to predict {name!r}",
        )
    return name, unit


def array_targets(where: Path | str, name: str, stored: npt.NDArray[np.generic]) -> Values:
    """Targets float64 (N,) of an array (N,) or (N, 1); ``DataError`` for text and other shapes."""
    if stored.dtype.kind not in "biuf":
        first = stored.reshape(-1)[0] if stored.size else ""
        raise DataError(
            f"{where}: the target {name!r} is {stored.dtype} and not a number (the first is {str(first)!r})",
            remedy=REMEDY,
            settings=("data.options.target",),
        )
    if stored.ndim == 2 and stored.shape[1] == 1:
        stored = stored[:, 0]
    if stored.ndim != 1:
        raise DataError(
            f"{where}: the target {name!r} has shape {stored.shape}: one number per sample is predicted",
            remedy="store an array (samples,); train one network per target",
        )
    return stored.astype(np.float64)
