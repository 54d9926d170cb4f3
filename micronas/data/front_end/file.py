"""What travels with a network that was trained on a data set."""

from __future__ import annotations

from collections.abc import Mapping

from micronas.data.dataset import Dataset
from micronas.model.front_end import FrontEndFile


def front_end_file(dataset: Dataset, thresholds: Mapping[str, float] | None = None) -> FrontEndFile:
    """The content of ``front_end.json`` for a network of ``dataset`` with these ``thresholds``."""
    return FrontEndFile(
        front_end=dataset.front_end,
        kind=dataset.kind.value,
        input_shape=dataset.input_shape,
        input_range=dataset.input_range,
        task=dataset.task.value,
        labels=dataset.class_names,
        thresholds=dict(thresholds or {}),
        unknown=tuple(dataset.class_names[label] for label in dataset.unknown),
        target=dataset.target,
    )
