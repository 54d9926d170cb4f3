"""The samples of a source, and the checks that they must pass.

All checks run, and one ``DataError`` names every problem, so that a user can repair a data set in one pass
before any training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from unicodedata import category

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import DataKind, Floats, FrontEnd, Labels, Task, Values
from micronas.errors import DataError, plural

RawReader: TypeAlias = Callable[[int], npt.NDArray[np.generic]]
"""Number of a sample -> what a device gets of it before its front end, read again where it was discarded."""

SHOWN = 10
"""How many bad items of one kind a message names before it only counts the rest."""
SMALLEST_REACH, LARGEST_REACH = 1e-4, 1e6
"""Limits of the largest magnitude: with smaller or larger values, the scales of networks are refused."""
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
"""Unicode categories of control characters, line and paragraph separators."""


@dataclass(frozen=True, eq=False)
class Samples:
    """All samples of a source before the split.

    ``x`` float32 (N, height, width, channels), ``y`` int64 (N,). ``groups`` (N,), numbers or names, keeps
    samples of one speaker or recording in one part; ``fold`` (N,) are prepared folds, which alone decide the
    split. ``part`` (N,) is a prepared split (TRAIN, VALIDATION or TEST of split.py); a part that it lacks is
    drawn from its training samples. ``origins`` names the file or row of each sample.
    ``input_range`` is None if no range is stated: it is then found in the training split.
    ``normalise`` scales each channel by the mean and spread of the training split; None lets the data decide
    (``normalise.should_normalise``). ``damaged`` names the files that were left out, with the reason;
    ``files`` is the file of each sample, if each has one.
    ``raw`` reads a sample as a device gets it: int16 (samples,) of audio, float32 (rows, channels) of a
    stream, uint8 (height, width, channels) of a picture of any size; None if the source cannot.
    ``sample_s`` are the seconds of a recording behind one sample, without those that the sample before it
    has, too; None if no rate is known.
    ``fingerprints`` are digests of the raw samples before a front end whose rounding depends on the machine.
    ``targets`` (N,) are the numbers of a regression, of the quantity ``target_name`` in ``target_unit``: see
    ``targets.as_regression``, which also fills ``y`` and ``class_names``.
    """

    name: str
    kind: DataKind
    x: Floats
    y: Labels
    class_names: tuple[str, ...]
    input_range: tuple[float, float] | None
    front_end: FrontEnd
    groups: npt.NDArray[np.generic] | None = None
    fold: npt.NDArray[np.generic] | None = None
    part: Labels | None = None
    origins: tuple[str, ...] = ()
    normalise: bool | None = None
    damaged: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    fingerprints: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()
    task: Task = Task.CLASSIFY
    raw: RawReader | None = None
    sample_s: float | None = None
    targets: Values | None = None
    target_name: str = ""
    target_unit: str = ""

    def origin(self, index: int | np.integer[Any]) -> str:
        """How people find sample ``index``: its file or row, otherwise its number."""
        return self.origins[index] if self.origins else str(index)


def check_samples(samples: Samples) -> None:
    """Raise ``DataError`` that lists every problem of ``samples``."""
    complaints = list(_complaints(samples))
    if complaints:
        raise DataError(
            f"data set {samples.name!r} cannot be used: " + "; ".join(complaints),
            remedy=_ANOTHER_CLASS if complaints == [_one_class(samples)] else _REPAIR,
        )


_REPAIR = "repair or remove these samples; nothing was trained"
_ANOTHER_CLASS = "add samples of a second class, in a folder or with a label of its own; nothing was trained"


def _one_class(samples: Samples) -> str:
    return f"only one class: {samples.class_names[0]!r}" if samples.class_names else "no classes"


def name_some(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _complaints(samples: Samples) -> Iterator[str]:
    x, y = samples.x, samples.y
    if x.ndim != 4:
        yield f"inputs have rank {x.ndim} (shape {x.shape}), not 4 (samples, height, width, channels)"
        return
    if y.shape != (len(x),):
        yield f"{plural(len(x), 'input')} but labels of shape {y.shape}"
        return
    if len(x) == 0:
        yield "no samples"
        return
    yield from _length_complaints(samples)
    bad = np.flatnonzero(~np.isfinite(x).all(axis=(1, 2, 3)))
    if len(bad):
        names = name_some([samples.origin(i) for i in bad])
        yield f"NaN or infinite values in {plural(len(bad), 'sample')}: {names}"
    else:
        yield from _range_complaints(samples)
    yield from _target_complaints(samples) if samples.task is Task.REGRESS else _class_complaints(samples)


def _length_complaints(samples: Samples) -> Iterator[str]:
    for name in ("groups", "fold", "part"):
        values = getattr(samples, name)
        if values is not None and np.shape(values) != (len(samples.x),):
            yield f"{plural(len(samples.x), 'input')} but {name} of shape {np.shape(values)}"


def _range_complaints(samples: Samples) -> Iterator[str]:
    least, most = float(samples.x.min()), float(samples.x.max())
    low, high = samples.input_range or (least, most)
    if least < low or most > high:
        yield f"values {least:g}..{most:g} exceed the stated range {low:g}..{high:g}"
    if least == most:
        yield f"every value is {least:g}"
    elif not SMALLEST_REACH <= (reach := max(-least, most)) <= LARGEST_REACH:
        yield (
            f"values reach {reach:g} in magnitude, outside {SMALLEST_REACH:g} to {LARGEST_REACH:g}: scale "
            f"them to about -1..1"
        )


def _target_complaints(samples: Samples) -> Iterator[str]:
    targets, name = samples.targets, samples.target_name
    if targets is None or targets.shape != (len(samples.x),):
        shape = None if targets is None else targets.shape
        yield f"{plural(len(samples.x), 'input')} but targets of shape {shape}"
        return
    bad = np.flatnonzero(~np.isfinite(targets))
    if len(bad):
        names = name_some([samples.origin(i) for i in bad])
        yield f"the target {name!r} is NaN or infinite in {plural(len(bad), 'sample')}: {names}"
    elif targets.min() == targets.max():
        yield f"the target {name!r} is {targets[0]:g} in every sample, so there is nothing to learn"


def _class_complaints(samples: Samples) -> Iterator[str]:
    broken = [repr(name) for name in samples.class_names if any(category(c) in _BREAKS for c in name)]
    if broken:  # a label is one line of labels.txt and of generated C
        yield f"class names with line breaks or control characters: {name_some(broken)}"
    n_classes = len(samples.class_names)
    outside = sorted({int(v) for v in samples.y if not 0 <= v < n_classes})
    if outside:
        yield f"labels {name_some([str(v) for v in outside])} outside 0..{n_classes - 1}"
        return
    counts = np.bincount(samples.y, minlength=n_classes)
    few = [f"{samples.class_names[i]!r} ({counts[i]})" for i in np.flatnonzero(counts < 2)]
    if n_classes < 2:
        yield _one_class(samples)
    elif few:
        yield f"classes with fewer than two samples: {name_some(few)}"
