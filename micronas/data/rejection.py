"""Rejection of unknown samples: recall of the known classes at a limited rate of false accepts.

A detector that listens all day hears almost only what it should ignore. ``data.unknown`` names the classes
of such samples (background, silence, other words). A sample is accepted if its largest output is that of a
known class and at least the threshold. A false accept is an unknown sample that is accepted, whatever the
answer; a false reject is a known sample that is not accepted as its own class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Labels
from micronas.errors import ConfigError, DataError

Outputs = npt.NDArray[np.int8]
Scores = npt.NDArray[np.int64]

KNOWN_RECALL = "known_recall@"
PER_HOUR = "/h"
LEAST, NEVER = -128, 128
"""Thresholds that every known answer reaches, and that no int8 output reaches."""


@dataclass(frozen=True)
class AcceptLimit:
    """At most ``value`` false accepts per unknown sample (0..1), or per hour of unknown samples."""

    value: float
    per_hour: bool

    def __str__(self) -> str:
        if self.per_hour:
            accepts = "accept" if self.value == 1 else "accepts"
            return f"at most {self.value:g} false {accepts} per hour"
        return f"at most {100 * self.value:g} % of the unknown samples accepted"

    def allowed(self, unknown: int, sample_s: float | None) -> int:
        """False accepts among ``unknown`` samples of ``sample_s`` seconds each."""
        reach = float(unknown)
        if self.per_hour:
            assert sample_s is not None, "checked when the data set was loaded"
            reach *= sample_s / 3600
        return int(self.value * reach + 1e-9)


@dataclass(frozen=True)
class KnownRecall:
    """The metric ``known_recall@...``: the share of the known samples that are accepted as their own class.

    The threshold is the lowest that keeps to ``limit``. Called as a metric, it is chosen on the samples that
    it evaluates; a test split is evaluated at the threshold of the validation split. ``unknown`` are labels;
    ``sample_s`` are the seconds behind a sample, None if they are not known.
    """

    limit: AcceptLimit
    unknown: tuple[int, ...]
    sample_s: float | None

    def __call__(self, y: Labels, outputs: Outputs) -> float:
        """The recall at the threshold of these samples themselves, 0..1."""
        return self.at(self.threshold(y, outputs), y, outputs)

    def threshold(self, y: Labels, outputs: Outputs) -> int:
        """The least int8 output that is accepted, -128 to 128; 128 accepts nothing."""
        scores = np.sort(known_scores(outputs, self.unknown)[np.isin(y, self.unknown)])[::-1]
        allowed = self.limit.allowed(len(scores), self.sample_s)
        return int(scores[allowed]) + 1 if allowed < len(scores) else LEAST

    def at(self, threshold: int, y: Labels, outputs: Outputs) -> float:
        """The recall at ``threshold``; 0 without a known sample."""
        known = ~np.isin(y, self.unknown)
        accepted = known_scores(outputs, self.unknown) >= threshold
        right = accepted & (outputs.argmax(axis=1) == y)
        return float(right[known].mean()) if known.any() else 0.0


def known_scores(outputs: Outputs, unknown: tuple[int, ...]) -> Scores:
    """The largest output (N,) where it is that of a known class, otherwise less than any threshold."""
    answers = outputs.argmax(axis=1)
    largest = outputs.max(axis=1).astype(np.int64)
    return np.where(np.isin(answers, unknown), LEAST - 1, largest)


def limit_of(name: str) -> AcceptLimit:
    """Of ``known_recall@0.05`` or ``known_recall@1/h``; raises ``ConfigError`` for another form."""
    text = name.removeprefix(KNOWN_RECALL)
    per_hour = text.endswith(PER_HOUR)
    try:
        value = float(text.removesuffix(PER_HOUR))
    except ValueError:
        value = math.nan
    if not (0.0 <= value < math.inf if per_hour else 0.0 <= value < 1.0):
        raise ConfigError(
            f"data.metric {name}: {text!r} is not a limit of false accepts",
            remedy="write known_recall@0.05 (at most 5 % of the unknown samples accepted) or "
            "known_recall@1/h (at most one per hour)",
            settings=("data.metric",),
        )
    return AcceptLimit(value, per_hour)


def unknown_labels(names: tuple[str, ...], class_names: tuple[str, ...], where: str) -> tuple[int, ...]:
    """The labels of the classes ``names``; raises ``DataError`` for others, and if no known class is left."""
    others = [name for name in names if name not in class_names]
    if others:
        raise DataError(
            f"data.unknown names {', '.join(map(repr, others))}, not a class of {where}",
            remedy=f"its classes: {', '.join(class_names)}",
            settings=("data.unknown",),
        )
    labels = tuple(sorted({class_names.index(name) for name in names}))
    if labels and len(labels) == len(class_names):
        raise DataError(
            f"data.unknown names every class of {where}",
            remedy="leave out the classes that are to be recognised",
            settings=("data.unknown",),
        )
    return labels
