"""The part (TRAIN, VALIDATION, TEST) of every sample, from what a source knows of them."""

from __future__ import annotations

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import Labels, Task
from micronas.data.samples import Samples, name_some
from micronas.data.sources.membership import numbered
from micronas.data.split import TEST, TRAIN, VALIDATION, Fractions, folds, grouped, one_class, stratified
from micronas.errors import DataError, plural


def parts_of(samples: Samples, config: DataConfig) -> Labels:
    """Part of each sample (N,): by prepared folds, a prepared split, groups or classes, in this order.

    Raises ``DataError`` if a class is missing in training or validation, or if nothing is left for the test.
    """
    part = _drawn(samples, config)
    _check_parts(samples, part)
    return part


def _drawn(samples: Samples, config: DataConfig) -> Labels:
    if samples.fold is not None:
        return folds(numbered(samples.fold)[0], config.split_seed)
    if samples.part is not None:
        return _completed(samples, samples.part, config)
    fractions = Fractions(config.validation_share, config.test_share)
    return _split(samples, np.arange(len(samples.y)), fractions, config.split_seed)


def _completed(samples: Samples, prepared: Labels, config: DataConfig) -> Labels:
    """A prepared split; the parts that it lacks are drawn from its training samples."""
    part = prepared.astype(np.int64)
    fractions = Fractions(
        0.0 if np.any(part == VALIDATION) else config.validation_share,
        0.0 if np.any(part == TEST) else config.test_share,
    )
    anomalies = samples.y > 0
    if samples.task is Task.DETECT_ANOMALIES and not np.any(part[anomalies] == VALIDATION):
        # A threshold needs anomalies in validation, and public sets have them in the test folder only.
        chosen = np.flatnonzero(anomalies)
        part[chosen] = _split(samples, chosen, Fractions(0.5, 0.5), config.split_seed)
    if fractions.validation or fractions.test:
        training = np.flatnonzero(part == TRAIN)
        part[training] = _split(samples, training, fractions, config.split_seed)
    return part


def _split(samples: Samples, chosen: Labels, fractions: Fractions, seed: int) -> Labels:
    """Parts of the samples ``chosen`` (numbers of samples)."""
    y = samples.y[chosen]
    groups = None if samples.groups is None else numbered(samples.groups[chosen])[0]
    if samples.task is not Task.DETECT_ANOMALIES:
        return stratified(y, fractions, seed) if groups is None else grouped(y, groups, fractions, seed)
    if groups is None:
        return one_class(y, fractions, seed)
    part = np.empty(len(y), np.int64)
    for members, shares in ((y == 0, fractions), (y > 0, Fractions(0.5, 0.5))):
        if np.any(members):
            part[members] = grouped(y[members], groups[members], shares, seed)
    return part


def _check_parts(samples: Samples, part: Labels) -> None:
    """Every class must be in the training and validation parts, and the test part must not be empty."""
    lost = _lost_targets(samples, part) if samples.task is Task.REGRESS else _lost_classes(samples, part)
    if not np.any(part == TEST):
        lost.append("no test samples")
    if lost:
        raise DataError(
            f"data set {samples.name!r} cannot be split: {name_some(lost)}",
            remedy=_remedy(samples),
            settings=("data.split_seed",),
        )


def _lost_targets(samples: Samples, part: Labels) -> list[str]:
    """Of a constant, neither a spread nor an R2 can be computed."""
    assert samples.targets is not None, "checked with the samples"
    different = {
        number: len(np.unique(samples.targets[part == number])) for number in (TRAIN, VALIDATION, TEST)
    }
    return [
        f"the {word} part has {plural(different[number], 'different target')}, and at least 2 are needed"
        for number, word in ((TRAIN, "training"), (VALIDATION, "validation"), (TEST, "test"))
        if different[number] == 1 or (different[number] == 0 and number != TEST)
    ]


def _lost_classes(samples: Samples, part: Labels) -> list[str]:
    return [
        f"{name!r} has no {word} sample"
        for label, name in enumerate(samples.class_names)
        for number, word in ((TRAIN, "training"), (VALIDATION, "validation"))
        if not np.any((samples.y == label) & (part == number))
        and not (samples.task is Task.DETECT_ANOMALIES and label > 0 and number == TRAIN)
    ]


def _more_groups(samples: Samples) -> str:
    return "add groups" if samples.task is Task.REGRESS else "add groups of these classes"


def _remedy(samples: Samples) -> str:
    if samples.fold is not None:
        return "change data.split_seed, which chooses the folds, or add samples"
    if samples.groups is not None:
        count = len(numbered(samples.groups)[1])
        return (
            f"groups are kept whole, and there are {count}: {_more_groups(samples)}, change "
            "data.split_seed, data.validation_share or data.test_share, or remove data.options.groups"
        )
    return "add samples, or change data.validation_share, data.test_share or data.split_seed"
