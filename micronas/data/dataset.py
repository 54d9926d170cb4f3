"""What a data set is: three splits, what the numbers mean, and a test split that counts who looks.

Arrays are read-only: a data set is loaded once per process and shared by everything in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.errors import plural

Floats: TypeAlias = npt.NDArray[np.float32]
Labels: TypeAlias = npt.NDArray[np.int64]


class DataKind(Enum):
    """What an input is; chooses the augmentation. All inputs are (height, width, channels).

    A spectrogram is (time, frequency, 1), a sensor stream (time, 1, channels).
    """

    IMAGE = "image"
    SPECTROGRAM = "spectrogram"
    STREAM = "stream"


class Task(Enum):
    """What a network is to do with an input; decides loss, figure of merit and search space."""

    CLASSIFY = "classify"
    """Name the class; judged by accuracy."""
    DETECT_ANOMALIES = "detect_anomalies"
    """Reconstruct normal inputs; judged by the AUC of reconstruction errors. Label 0 is normal."""

    @property
    def figure(self) -> str:
        """Name of the figure of merit."""
        return "AUC" if self is Task.DETECT_ANOMALIES else "accuracy"


@dataclass(frozen=True, eq=False)
class DataSplit:
    """Samples ``x`` float32 (N, height, width, channels) and labels ``y`` int64 (N,), both read-only.

    ``groups`` int64 (N,) tells which samples belong together (speaker, recording); None where unknown.
    """

    x: Floats
    y: Labels
    groups: Labels | None = None

    def __post_init__(self) -> None:
        for array in (self.x, self.y, self.groups):
            if array is not None:
                array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.y)


class SealedTest:
    """The test split. ``unseal(reason)`` is the only way in, and every call is kept in ``touches``.

    It does not travel to worker processes (pickling raises): what trains a network cannot see it.
    """

    def __init__(self, split: DataSplit) -> None:
        self.__split = split
        self.__touches: list[str] = []

    def unseal(self, reason: str) -> DataSplit:
        """Hand out the samples; ``reason`` (not empty) is recorded."""
        if not reason.strip():
            raise ValueError("the test split is opened for a stated reason only")
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
        raise TypeError("the sealed test split does not leave its process; load the data set there instead")


@dataclass(frozen=True)
class FrontEnd:
    """How raw samples became inputs. Name, version and parameters travel with the model to the device."""

    name: str
    version: int
    parameters: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A named data set, ready to train on.

    ``class_names[i]`` is the name of label i. Every input lies in ``input_range`` (low, high). For anomaly
    detection the training split is all normal. ``notes`` says in plain words what loading changed or left
    out.
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
    def majority_baseline(self) -> float:
        """Validation accuracy of always answering the most frequent class of training; 0.5 for an AUC."""
        if self.task is Task.DETECT_ANOMALIES:
            return 0.5
        most_frequent = int(np.bincount(self.train.y, minlength=self.n_classes).argmax())
        return float(np.mean(self.validation.y == most_frequent))

    def calibration(self, samples: int, seed: int) -> Floats:
        """``samples`` training inputs for post-training quantization, classes in equal shares if possible."""
        order = np.random.default_rng(seed).permutation(len(self.train))
        rank_in_class = np.empty(len(order), np.int64)
        for label in range(self.n_classes):
            members = order[self.train.y[order] == label]
            rank_in_class[members] = np.arange(len(members))
        chosen = order[np.argsort(rank_in_class[order], kind="stable")][:samples]
        return np.asarray(self.train.x[chosen], np.float32)
