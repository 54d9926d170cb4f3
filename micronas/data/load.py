"""From a configuration to a data set: pick the source, check its samples, split them."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import Dataset, DataSplit, Labels, SealedTest, Task
from micronas.data.digits import load_digits8
from micronas.data.folder import load_folder
from micronas.data.mnist5k import load_mnist5k
from micronas.data.npz import load_own_npz
from micronas.data.presets import PRESETS, load_preset
from micronas.data.samples import Samples, check_samples, name_some
from micronas.data.split import TEST, TRAIN, VALIDATION, Fractions, folds, grouped, one_class, stratified
from micronas.data.value_range import outlier_note, robust_range
from micronas.data.vibration import load_vibration
from micronas.errors import DataError
from micronas.host.plugin import Part, find, is_plugged_in, short_name

SOURCES: dict[str, Callable[[DataConfig], Samples]] = {
    "mnist5k": load_mnist5k,
    "digits": load_digits8,
    "vibration": load_vibration,
    "npz": load_own_npz,
    "folder": load_folder,
    **dict.fromkeys(PRESETS, load_preset),
}


def load(config: DataConfig) -> Dataset:
    """Load, check and split the configured data set.

    The split depends only on ``split_seed`` and the samples. Raises ``DataError`` that names all problems:
    unknown source, missing or damaged files, NaN, wrong shapes, empty classes.
    """
    source = SOURCES.get(config.name)
    if source is None and is_plugged_in(config.name, Part.SOURCE):
        source = find(config.name, Part.SOURCE)
    if source is None:
        near = difflib.get_close_matches(config.name, SOURCES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(f"unknown data source {config.name!r}", remedy=f"{hint}Known: {', '.join(SOURCES)}")
    samples = source(config)
    if not isinstance(samples, Samples):
        raise DataError(
            f"data source {config.name!r} returned a {type(samples).__name__}",
            remedy="a source returns micronas.Samples",
        )
    check_samples(samples)
    part = _parts(samples, config)
    _check_parts(samples, part)
    train = _take(samples, part == TRAIN)
    low, high = samples.input_range or robust_range(train.x)
    note = outlier_note(train.x, low, high)
    return Dataset(
        name=samples.name,
        kind=samples.kind,
        train=train,
        validation=_take(samples, part == VALIDATION),
        test=SealedTest(_take(samples, part == TEST)),
        class_names=samples.class_names,
        input_range=(low, high),
        front_end=samples.front_end,
        notes=(*samples.notes, *([note] if note else [])),
        task=samples.task,
        metric=find(config.metric, Part.METRIC) if config.metric else None,
        metric_name=short_name(config.metric) if config.metric else "",
    )


def _parts(samples: Samples, config: DataConfig) -> Labels:
    fractions = Fractions(config.validation_share, config.test_share)
    if samples.fold is not None:
        return folds(samples.fold, config.split_seed)
    if samples.groups is not None:
        return grouped(samples.y, samples.groups, fractions, config.split_seed)
    if samples.task is Task.DETECT_ANOMALIES:
        return one_class(samples.y, fractions, config.split_seed)
    return stratified(samples.y, fractions, config.split_seed)


def _check_parts(samples: Samples, part: Labels) -> None:
    """Every class must be in the training and validation parts, and the test part must not be empty."""
    lost = [
        f"{name!r} has no {word} sample"
        for label, name in enumerate(samples.class_names)
        for number, word in ((TRAIN, "training"), (VALIDATION, "validation"))
        if not np.any((samples.y == label) & (part == number))
        and not (samples.task is Task.DETECT_ANOMALIES and label > 0 and number == TRAIN)
    ]
    if not np.any(part == TEST):
        lost.append("no test samples")
    if lost:
        raise DataError(
            f"data set {samples.name!r} cannot be split: {name_some(lost)}",
            remedy="add samples, or change data.validation_share, data.test_share or data.split_seed",
        )


def _take(samples: Samples, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> DataSplit:
    groups = samples.fold if samples.groups is None else samples.groups
    return DataSplit(samples.x[mask], samples.y[mask], None if groups is None else groups[mask])
