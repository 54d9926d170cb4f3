"""From a configuration to a data set: read the source's samples, check them, split them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from micronas.config import DataConfig
from micronas.data.copies import copies_note, find_copies
from micronas.data.dataset import DataKind, Dataset, DataSplit, Floats, Labels, SealedTest, Task
from micronas.data.digest import digest_of
from micronas.data.metrics import metric_of
from micronas.data.normalise import normalised, should_normalise, with_raw
from micronas.data.parts import parts_of
from micronas.data.rejection import unknown_labels
from micronas.data.samples import Samples, check_samples
from micronas.data.sources.membership import numbered
from micronas.data.sources.registry import source_of
from micronas.data.split import TEST, TRAIN, VALIDATION
from micronas.data.targets import target_of
from micronas.data.triads import triads_of
from micronas.data.value_range import outlier_note, robust_range
from micronas.errors import DataError
from micronas.host.plugin import short_name


@dataclass(frozen=True, eq=False)
class SplitSamples:
    """Checked samples and the part (TRAIN, VALIDATION or TEST) of each, int64 (N,)."""

    samples: Samples
    part: Labels


def load(config: DataConfig) -> Dataset:
    """Load, check and split the configured data set.

    The split depends only on ``split_seed`` and the samples. Raises ``DataError`` that names all problems:
    unknown source, missing or damaged files, NaN, wrong shapes, empty classes.
    """
    return sealed(load_split(config), config)


def load_split(config: DataConfig) -> SplitSamples:
    """The samples and their parts, before the test part is sealed: for checks of the data, never to train."""
    samples = source_of(config.name)(config)
    if not isinstance(samples, Samples):
        raise DataError(
            f"data source {config.name!r} returned a {type(samples).__name__}",
            remedy="a source returns micronas.Samples",
        )
    check_samples(samples)
    part = parts_of(samples, config)
    samples = with_raw(samples)
    return SplitSamples(normalised(samples, part) if should_normalise(samples, part) else samples, part)


def sealed(found: SplitSamples, config: DataConfig) -> Dataset:
    """The data set to train on; its test part is sealed."""
    samples, part = found.samples, found.part
    _check_metric(samples, config)
    groups = samples.fold if samples.groups is None else samples.groups
    numbers, group_names = (None, ()) if groups is None else numbered(groups)
    grouped = replace(samples, groups=numbers)
    train = _take(grouped, part == TRAIN)
    low, high = _range_of(samples, train.x)
    unknown = _unknown(samples, config)
    notes = (outlier_note(train.x, low, high), copies_note(find_copies(samples, part)))
    return Dataset(
        name=samples.name,
        kind=samples.kind,
        train=train,
        validation=_take(grouped, part == VALIDATION),
        test=SealedTest(_take(grouped, part == TEST)),
        class_names=() if samples.task is Task.REGRESS else samples.class_names,
        input_range=(low, high),
        front_end=samples.front_end,
        notes=(*samples.notes, *(note for note in notes if note)),
        task=samples.task,
        metric=metric_of(config.metric, unknown, samples.sample_s) if config.metric else None,
        metric_name=short_name(config.metric) if config.metric else "",
        group_names=() if samples.groups is None else group_names,
        digest=digest_of(samples, part),
        mirror=_may_mirror(samples, config.mirror),
        unknown=unknown,
        sample_s=samples.sample_s,
        triads=triads_of(samples, config.triads),
        target=target_of(samples, part),
    )


LEAST_USED = 0.1
"""Share of a stated range that the training samples must use: with less, int8 has too few steps for them."""


def _range_of(samples: Samples, train: Floats) -> tuple[float, float]:
    """The stated range if the training samples use it: dark pictures do not fill their bytes."""
    found = robust_range(train)
    stated = samples.input_range
    if stated is None or found[1] - found[0] < LEAST_USED * (stated[1] - stated[0]):
        return found
    return stated


def _unknown(samples: Samples, config: DataConfig) -> tuple[int, ...]:
    """The labels of ``data.unknown``."""
    if not config.unknown:
        return ()
    if samples.task is not Task.CLASSIFY:
        raise DataError(
            f"data.unknown is for classes, and data set {samples.name!r} is labelled for another task",
            remedy="remove it",
        )
    return unknown_labels(tuple(config.unknown), samples.class_names, f"data set {samples.name!r}")


def _check_metric(samples: Samples, config: DataConfig) -> None:
    if samples.task is Task.REGRESS and config.metric:
        raise DataError(
            f"data.metric {config.metric} is for classes, and data set {samples.name!r} is a regression",
            remedy="remove data.metric: a regression is evaluated by R2, MAE and RMSE",
        )


def _may_mirror(samples: Samples, declared: bool | None) -> bool:
    """As declared; otherwise colour pictures only: letters, digits and signs are mostly grey."""
    if declared is not None:
        return declared
    return samples.kind is DataKind.IMAGE and samples.x.shape[-1] == 3


def _take(samples: Samples, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> DataSplit:
    groups = None if samples.groups is None else samples.groups[mask].astype(np.int64)
    origins = tuple(samples.origins[i] for i in np.flatnonzero(mask)) if samples.origins else ()
    targets = None if samples.targets is None else samples.targets[mask]
    return DataSplit(samples.x[mask], samples.y[mask], groups, origins, targets)
