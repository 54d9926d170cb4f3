"""A data set: three splits, the meaning of the numbers, and a test split that records each access.

Arrays are read-only: a data set is loaded once per process and shared by everything in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.errors import plural
from micronas.model.front_end import FrontEnd as FrontEnd
from micronas.model.front_end import RegressionTarget as RegressionTarget

Floats: TypeAlias = npt.NDArray[np.float32]
Labels: TypeAlias = npt.NDArray[np.int64]
Values: TypeAlias = npt.NDArray[np.float64]
Metric: TypeAlias = Callable[[Labels, npt.NDArray[np.int8]], float]
"""A figure of merit: labels (N,) and the int8 network's outputs (N, outputs) -> 0..1, larger is better."""


class DataKind(Enum):
    """The kind of an input; decides the augmentation. All inputs are (height, width, channels).

    A spectrogram is (time, frequency, 1), a sensor stream (time, 1, channels).
    """

    IMAGE = "image"
    SPECTROGRAM = "spectrogram"
    STREAM = "stream"


class Task(Enum):
    """The task of a network; decides loss, figure of merit and search space."""

    CLASSIFY = "classify"
    """Predict the class; evaluated by accuracy."""
    DETECT_ANOMALIES = "detect_anomalies"
    """Reconstruct normal inputs; evaluated by the AUC of reconstruction errors. Label 0 is normal."""
    REGRESS = "regress"
    """Predict a number; evaluated by R2, the share of its variance that is explained, not below 0."""

    @property
    def figure(self) -> str:
        """Name of the figure of merit."""
        return {Task.DETECT_ANOMALIES: "AUC", Task.REGRESS: "R2"}.get(self, "accuracy")


@dataclass(frozen=True)
class Triad:
    """Channels that are the axes of one sensor: a rotation of it mixes them, in the units of the source.

    ``mean`` and ``spread`` of each are those of the normalisation: input = (value - mean) / spread.
    """

    channels: tuple[int, int, int]
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    spread: tuple[float, ...] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class DataSplit:
    """Samples ``x`` float32 (N, height, width, channels) and labels ``y`` int64 (N,), both read-only.

    ``groups`` int64 (N,) identifies samples that belong together (speaker, recording); None if unknown.
    ``origins`` names the file or row of each sample; empty if unknown.
    ``targets`` float64 (N,) are the numbers of a regression in their unit, whose bands are then ``y``.
    """

    x: Floats
    y: Labels
    groups: Labels | None = None
    origins: tuple[str, ...] = ()
    targets: Values | None = None

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.groups, self.targets):
            if array is not None:
                array.setflags(write=False)

    def taken(self, places: npt.NDArray[np.integer[Any]]) -> DataSplit:
        """The samples at ``places``."""
        return DataSplit(
            self.x[places],
            self.y[places],
            None if self.groups is None else self.groups[places],
            tuple(self.origins[i] for i in places) if self.origins else (),
            None if self.targets is None else self.targets[places],
        )

    def __len__(self) -> int:
        return len(self.y)


class SealedTest:
    """The test split. ``unseal(reason)`` is the only access, and every call is recorded in ``touches``.

    It cannot be sent to worker processes (pickling raises), so training code cannot see it.
    """

    def __init__(self, split: DataSplit) -> None:
        self.__split = split
        self.__touches: list[str] = []

    def unseal(self, reason: str) -> DataSplit:
        """Return the samples; ``reason`` (not empty) is recorded."""
        if not reason.strip():
            raise ValueError("unsealing the test split needs a reason")
        self.__touches.append(reason)
        return self.__split

    @property
    def touches(self) -> tuple[str, ...]:
        """The reasons given so far, in order."""
        return tuple(self.__touches)

    def __len__(self) -> int:
        return len(self.__split)

    def __repr__(self) -> str:
        return f"SealedTest({plural(len(self), 'sample')}, touched {plural(len(self.__touches), 'time')})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "the sealed test split cannot leave its process; load the data set in the other process"
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named data set, ready to train on.

    ``class_names[i]`` is the name of label i. ``input_range`` (low, high) is that of the
    training inputs without outliers, which ``notes`` then counts; int8 networks clip those. For anomaly
    detection the training split is all normal. ``notes`` states what loading changed or left out.
    ``metric`` is a user-defined figure of merit that replaces that of the task. ``group_names[i]`` is the
    name of group i; empty if the data name none. ``digest`` is the SHA-256 of all samples, labels and parts.
    ``mirror`` is whether a picture may be mirrored without another class. ``unknown`` are the labels of
    samples that a detector should ignore; ``sample_s`` as in ``Samples``. ``triads`` are the sensors that may
    be rotated. ``target`` is what a regression predicts; it then has no classes.
    """

    name: str
    kind: DataKind
    train: DataSplit
    validation: DataSplit
    test: SealedTest
    class_names: tuple[str, ...]
    input_range: tuple[float, float]
    front_end: FrontEnd
    notes: tuple[str, ...] = ()
    task: Task = Task.CLASSIFY
    metric: Metric | None = None
    metric_name: str = ""
    group_names: tuple[str, ...] = ()
    digest: str = ""
    mirror: bool = False
    unknown: tuple[int, ...] = ()
    sample_s: float | None = None
    triads: tuple[Triad, ...] = ()
    target: RegressionTarget | None = None

    @property
    def figure(self) -> str:
        """Name of the figure of merit: the user's metric, or the task's own."""
        return self.metric_name or self.task.figure

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one input."""
        height, width, channels = self.train.x.shape[1:]
        return int(height), int(width), int(channels)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def n_outputs(self) -> int:
        """Outputs that a network needs: one per class, or one number."""
        return 1 if self.task is Task.REGRESS else self.n_classes

    def learned(self, split: DataSplit) -> Labels | Floats:
        """What a network learns of ``split``: labels int64 (N,), or standardised targets float32 (N,)."""
        if self.target is None or split.targets is None:
            return split.y
        return self.target.learned(split.targets)

    @property
    def majority_baseline(self) -> float:
        """Validation accuracy of always predicting the most frequent training class; 0.5 for an AUC.

        0 for a regression: the R2 of a constant.
        """
        if self.task is not Task.CLASSIFY:
            return 0.5 if self.task is Task.DETECT_ANOMALIES else 0.0
        most_frequent = int(np.bincount(self.train.y, minlength=self.n_classes).argmax())
        return float(np.mean(self.validation.y == most_frequent))

    def calibration(self, samples: int, seed: int) -> Floats:
        """``samples`` training inputs for post-training quantization.

        Classes, or bands of targets, are in equal shares if possible.
        Outliers are clipped to ``input_range``: one in the wrong sample would coarsen every step.
        """
        order = np.random.default_rng(seed).permutation(len(self.train))
        if self.train.targets is not None:  # the ends of the output's range, which int8 clips
            extremes = [self.train.targets.argmin(), self.train.targets.argmax()]
            order = np.r_[extremes, order[~np.isin(order, extremes)]]
        rank_in_class = np.empty(len(order), np.int64)
        for label in np.unique(self.train.y):
            members = order[self.train.y[order] == label]
            rank_in_class[members] = np.arange(len(members))
        chosen = order[np.argsort(rank_in_class[order], kind="stable")][:samples]
        return np.asarray(np.clip(self.train.x[chosen], *self.input_range), np.float32)
