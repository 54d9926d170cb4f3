"""Every problem of a data set that can be seen without training, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from micronas.data.copies import find_copies
from micronas.data.dataset import DataKind, Dataset, Task
from micronas.data.load import SplitSamples
from micronas.data.samples import Samples, name_some
from micronas.data.sources.membership import numbered
from micronas.data.split import TEST, TRAIN, VALIDATION
from micronas.data.survey.figures import PARTS, figures_of
from micronas.data.survey.near_copies import near_copies
from micronas.errors import plural

FEW_GROUPS = 5
"""Fewer groups than this in validation or test say little about a new speaker or person."""
FEW_SAMPLES = 20
IMBALANCE = 5.0
CHANNEL_RATIO = 10.0
"""Channels whose spreads differ by more share an int8 scale badly."""
FEW_STEPS = 32
"""Of int8's 256: the bulk of the values should use more."""
BULK = (2.5, 97.5)
"""Percentiles that bound it."""
UNSCALED = 50.0
SHOWN_PAIRS = 10
RANGE_SLACK = 0.05
"""Of the range of training targets: test targets may be this far outside it."""
FEW_TARGETS = 10
"""Fewer different values are more like classes."""
OUTLIER_SPANS = 3.0
"""Interquartile ranges beyond the quartiles (Tukey's far out values)."""


class Weight(Enum):
    """PROBLEM: the figures of a training would mislead. WARNING: worth a look."""

    PROBLEM = "problem"
    WARNING = "warning"


@dataclass(frozen=True)
class DataProblem:
    """One problem: what was found, with names and numbers, and what to do."""

    weight: Weight
    topic: str
    text: str
    remedy: str


def findings_of(found: SplitSamples, dataset: Dataset, *, skip_bad: bool = False) -> tuple[DataProblem, ...]:
    """All findings, problems first. ``dataset`` was sealed from ``found``.

    ``skip_bad`` is whether the configuration leaves damaged files out: they are a warning then.
    """
    every = [
        *_damaged(found.samples, skip_bad),
        *_copies(found),
        *_near_copies(found),
        *_shared_groups(found),
        *_few_groups(found, dataset),
        *_imbalance(found, dataset),
        *_targets(found, dataset),
        *_swapped(dataset),
        *_scaling(dataset),
    ]
    return tuple(sorted(every, key=lambda finding: finding.weight is Weight.WARNING))


def _damaged(samples: Samples, skip_bad: bool) -> Iterator[DataProblem]:
    if samples.damaged:
        yield DataProblem(
            Weight.WARNING if skip_bad else Weight.PROBLEM,
            "damaged files",
            f"{plural(len(samples.damaged), 'file')} cannot be read: {', '.join(samples.damaged)}",
            "repair them: data.options.skip_bad trains without them"
            if skip_bad
            else "repair them, or set data.options.skip_bad: true to train without them",
        )


def _copies(found: SplitSamples) -> Iterator[DataProblem]:
    samples, part = found.samples, found.part
    copies = find_copies(samples, part)
    for sets, weight, topic, what, remedy in (
        (
            copies.contradicting,
            Weight.PROBLEM,
            "contradicting labels" if samples.targets is None else "contradicting targets",
            f"the same sample has several {'labels' if samples.targets is None else 'targets'}",
            f"correct the {'labels' if samples.targets is None else 'targets'}, or remove all but one",
        ),
        (
            copies.across,
            Weight.PROBLEM,
            "leakage",
            "the same sample is in several splits",
            "remove the copies, or put them into one group (data.options.groups)",
        ),
    ):
        if sets:
            yield DataProblem(weight, topic, f"{what}: {_sets(found, sets)}", remedy)
    inside = copies.surplus - sum(len(s) - 1 for s in {*copies.across, *copies.contradicting})
    if inside > 0:
        yield DataProblem(
            Weight.WARNING,
            "copies",
            f"{plural(inside, 'exact copy', 'exact copies')} within a split",
            "remove them",
        )


def _sets(found: SplitSamples, sets: tuple[tuple[int, ...], ...]) -> str:
    return name_some([" = ".join(_named(found, i) for i in members[:4]) for members in sets])


def _named(found: SplitSamples, index: int) -> str:
    """``cat/1.png (cat, test)``."""
    samples = found.samples
    what = (
        samples.class_names[samples.y[index]]
        if samples.targets is None
        else f"{samples.targets[index]:.4g} {samples.target_unit}".strip()
    )
    return f"{samples.origin(index)} ({what}, {PARTS[int(found.part[index])]})"


def _near_copies(found: SplitSamples) -> Iterator[DataProblem]:
    near = near_copies(found.samples, found.part)
    if not near.pairs:
        return
    pairs = [f"{_named(found, a)} and {_named(found, b)}" for a, b in near.pairs[:SHOWN_PAIRS]]
    more = len(near.pairs) - len(pairs)
    yield DataProblem(
        Weight.PROBLEM,
        "leakage",
        f"{plural(len(near.pairs), 'pair')} of nearly equal samples in two splits: "
        f"{'; '.join(pairs)}{f' and {more} more' if more else ''}",
        "keep what was recorded together in one group (data.options.groups)",
    )


def _shared_groups(found: SplitSamples) -> Iterator[DataProblem]:
    """A prepared split may have a speaker in two parts; one drawn here never has."""
    samples = found.samples
    if samples.groups is None or samples.task is Task.DETECT_ANOMALIES:
        return
    numbers, names = numbered(samples.groups)
    shared = [name for i, name in enumerate(names) if len(set(found.part[numbers == i].tolist())) > 1]
    if shared:
        yield DataProblem(
            Weight.PROBLEM,
            "leakage",
            f"{plural(len(shared), 'group')} in more than one split: {name_some(shared)}",
            "correct the prepared split, or remove it and let micronas draw one by group",
        )


def _few_groups(found: SplitSamples, dataset: Dataset) -> Iterator[DataProblem]:
    counts = figures_of(found, dataset).groups
    if counts is None:
        return
    judged = [PARTS[part] for part in (VALIDATION, TEST)]
    few = [f"{counts[word]} in the {word} split" for word in judged if counts[word] < FEW_GROUPS]
    if few:
        yield DataProblem(
            Weight.WARNING,
            "few groups",
            f"speakers, persons or recordings: {' and '.join(few)}",
            f"have {FEW_GROUPS} or more: record more, or raise data.validation_share and data.test_share",
        )


def _imbalance(found: SplitSamples, dataset: Dataset) -> Iterator[DataProblem]:
    if dataset.task is not Task.CLASSIFY:
        return
    counts = figures_of(found, dataset).classes
    least, most = min(counts, key=lambda c: c.total), max(counts, key=lambda c: c.total)
    if most.total > IMBALANCE * least.total:
        yield DataProblem(
            Weight.WARNING,
            "imbalance",
            f"class {most.name!r} has {most.total:,} samples, class {least.name!r} {least.total:,}",
            "look at balanced accuracy, and set estimator.class_weights: true",
        )
    few = [f"{c.name!r} ({c.training})" for c in counts if c.training < FEW_SAMPLES]
    if few:
        yield DataProblem(
            Weight.WARNING,
            "few samples",
            f"classes with fewer than {FEW_SAMPLES} training samples: {name_some(few)}",
            "record more",
        )


def _targets(found: SplitSamples, dataset: Dataset) -> Iterator[DataProblem]:
    """What makes the errors of a regression mislead: few values, outliers, a part with another range."""
    samples, target = found.samples, dataset.target
    if samples.targets is None or target is None:
        return
    different = len(np.unique(samples.targets))
    if different < FEW_TARGETS:
        yield DataProblem(
            Weight.WARNING,
            "few targets",
            f"the target has only {different} different values",
            "classes may be the better task: set data.options.label (csv) or y (npz) in place of target",
        )
    low, high = np.percentile(samples.targets, (25, 75))
    reach = OUTLIER_SPANS * (high - low)
    outside = np.flatnonzero((samples.targets < low - reach) | (samples.targets > high + reach))
    if high > low and len(outside):
        names = name_some([_named(found, i) for i in outside])
        yield DataProblem(
            Weight.WARNING,
            "outliers",
            f"{plural(len(outside), 'target')} more than {OUTLIER_SPANS:g} interquartile ranges outside the "
            f"middle half ({low:.4g} to {high:.4g}): {names}",
            "correct them if they are errors; otherwise set estimator.loss: huber or mae",
        )
    train, test = samples.targets[found.part == TRAIN], samples.targets[found.part == TEST]
    slack = RANGE_SLACK * np.ptp(train)
    beyond = int(np.sum((test < train.min() - slack) | (test > train.max() + slack)))
    if beyond:
        yield DataProblem(
            Weight.WARNING,
            "range",
            f"{plural(beyond, 'test target')} outside the range of the training targets: a network "
            "cannot be expected to predict them",
            "record more of these targets for the training split, or keep them out of the test split",
        )


def _swapped(dataset: Dataset) -> Iterator[DataProblem]:
    time, _, channels = dataset.input_shape
    if dataset.kind is DataKind.STREAM and "bands" not in dataset.front_end.parameters and time < channels:
        yield DataProblem(
            Weight.WARNING,
            "axes",
            f"streams of {time} time steps and {channels} channels: channels and time may be swapped",
            "store windows as (samples, time, channels)",
        )


def _scaling(dataset: Dataset) -> Iterator[DataProblem]:
    x = dataset.train.x
    reach = max(abs(float(x.min())), abs(float(x.max())))
    if reach > UNSCALED:
        yield DataProblem(
            Weight.WARNING,
            "scaling",
            f"values reach {reach:,.4g}: networks train badly on unscaled data",
            "set data.options.normalise: true (csv, npz), or scale to about -1..1",
        )
    low, high = dataset.input_range
    bulk_low, bulk_high = (float(v) for v in np.percentile(x, BULK))
    steps = (bulk_high - bulk_low) / (high - low) * 255 if high > low else 0.0
    if dataset.kind is DataKind.STREAM and steps < FEW_STEPS:
        yield DataProblem(
            Weight.WARNING,
            "scaling",
            f"most values use {steps:.0f} of int8's 256 steps, {bulk_low:.3g} to {bulk_high:.3g}: "
            f"the range is {low:.4g} to {high:.4g}",
            "remove outliers, or set data.options.normalise: true (csv, npz)",
        )
    if dataset.kind is DataKind.STREAM and dataset.task is not Task.DETECT_ANOMALIES:
        yield from _channels(dataset)


def _channels(dataset: Dataset) -> Iterator[DataProblem]:
    spreads = dataset.train.x.std(axis=(0, 1, 2), dtype=np.float64)
    still = [str(i) for i in np.flatnonzero(spreads < 1e-9)]
    if still:
        yield DataProblem(
            Weight.WARNING, "channels", f"channels that never change: {name_some(still)}", "leave them out"
        )
    moving = spreads[spreads >= 1e-9]
    if len(moving) > 1 and moving.max() > CHANNEL_RATIO * moving.min():
        yield DataProblem(
            Weight.WARNING,
            "scaling",
            f"channels spread by {moving.min():.3g} to {moving.max():.3g}: one int8 scale does not suit all",
            "set data.options.normalise: true (csv, npz)",
        )
