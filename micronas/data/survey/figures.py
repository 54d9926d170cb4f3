"""Figures of a data set: classes, splits, groups, shapes, values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from micronas.data.constant import constant_errors
from micronas.data.dataset import Dataset
from micronas.data.load import SplitSamples
from micronas.data.sources.membership import numbered
from micronas.data.split import TEST, TRAIN, VALIDATION

PARTS = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}


@dataclass(frozen=True)
class LabelCounts:
    """Samples of one class in each split."""

    name: str
    training: int
    validation: int
    test: int

    @property
    def total(self) -> int:
        """In all splits."""
        return self.training + self.validation + self.test


@dataclass(frozen=True)
class TargetSummary:
    """Of a regression: training targets in their unit, and the validation errors of always predicting their
    mean.
    """

    name: str
    unit: str
    lowest: float
    highest: float
    mean: float
    spread: float
    constant_mae: float
    constant_rmse: float


@dataclass(frozen=True)
class SampleFigures:
    """Everything that is shown of a data set as a number.

    ``classes`` are bands of the target in a regression, and ``target`` is None in every other task.
    ``groups`` counts the groups of each split by its name, None if the source has none. ``lowest`` to
    ``spread`` are of the training inputs as the network sees them; ``input_range`` is what int8 covers.
    """

    name: str
    kind: str
    task: str
    input_shape: tuple[int, int, int]
    classes: tuple[LabelCounts, ...]
    groups: Mapping[str, int] | None
    majority_baseline: float
    lowest: float
    highest: float
    mean: float
    spread: float
    input_range: tuple[float, float]
    front_end: str
    digest: str
    notes: tuple[str, ...]
    target: TargetSummary | None = None

    @property
    def samples(self) -> int:
        """In all splits."""
        return sum(counts.total for counts in self.classes)


def figures_of(found: SplitSamples, dataset: Dataset) -> SampleFigures:
    """The figures of ``found``, from which ``dataset`` was sealed."""
    samples, part = found.samples, found.part
    counts = [
        LabelCounts(name, *(int(np.sum((samples.y == label) & (part == p))) for p in PARTS))
        for label, name in enumerate(samples.class_names)
    ]
    train = dataset.train.x
    parameters = ", ".join(f"{key} {_short(value)}" for key, value in dataset.front_end.parameters.items())
    return SampleFigures(
        name=dataset.name,
        kind=dataset.kind.value,
        task=dataset.task.value,
        input_shape=dataset.input_shape,
        classes=tuple(counts),
        groups=_groups(found),
        majority_baseline=dataset.majority_baseline,
        lowest=float(train.min()),
        highest=float(train.max()),
        mean=float(train.mean(dtype=np.float64)),
        spread=float(train.std(dtype=np.float64)),
        input_range=dataset.input_range,
        front_end=f"{dataset.front_end.name}, version {dataset.front_end.version} ({parameters})",
        digest=dataset.digest,
        notes=dataset.notes,
        target=_target(dataset),
    )


def _target(dataset: Dataset) -> TargetSummary | None:
    target, train = dataset.target, dataset.train.targets
    constant = constant_errors(dataset, dataset.validation)
    if target is None or train is None or constant is None:
        return None
    return TargetSummary(
        target.name,
        target.unit,
        float(train.min()),
        float(train.max()),
        target.mean,
        target.spread,
        constant.mae,
        constant.rmse,
    )


def _groups(found: SplitSamples) -> dict[str, int] | None:
    if found.samples.groups is None:
        return None
    numbers, _ = numbered(found.samples.groups)
    return {word: len(np.unique(numbers[found.part == part])) for part, word in PARTS.items()}


def _short(value: float | int | str | list[float]) -> str:
    """Numbers to the digits of float32."""
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    return f"{value:.7g}" if isinstance(value, float) else str(value)
