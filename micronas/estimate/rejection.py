"""Unknown samples at the threshold of an int8 network: false accepts (per hour, too) and false rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from micronas.data import Dataset, DataSplit
from micronas.data.rejection import KnownRecall, known_scores
from micronas.errors import percent, plural
from micronas.estimate.accuracy import SplitOutputs, output_quant, outputs_of
from micronas.estimate.interval import Interval, poisson_interval, wilson_interval
from micronas.estimate.threshold import Threshold
from micronas.model.graph import Graph
from micronas.trial import Json

LEAST_EXPECTED = 3.0
"""Accepts that a limit must allow in the time of a split: with none seen, three are the 95 % bound."""


@dataclass(frozen=True)
class Rejection:
    """Of one split at ``threshold`` (real units of the output).

    ``accepts`` of ``unknown`` samples of the classes ``classes`` are accepted, in ``seconds`` of them (None
    if no rate is known); ``right`` of ``known`` samples of the other classes are accepted as their own class.
    ``limit`` is what the threshold keeps to on the validation split, empty if it was chosen otherwise;
    ``limit_per_hour`` is None for a limit that is a share.
    """

    threshold: float
    classes: tuple[str, ...]
    accepts: int
    unknown: int
    seconds: float | None
    right: int
    known: int
    limit: str = ""
    limit_per_hour: float | None = None

    @property
    def false_accept_rate(self) -> float | None:
        """Share of the unknown samples that are accepted."""
        return self.accepts / self.unknown if self.unknown else None

    @property
    def hours(self) -> float | None:
        """Of unknown samples."""
        return self.seconds / 3600 if self.seconds else None

    @property
    def false_accepts_per_hour(self) -> float | None:
        """Of unknown samples, with one decision per sample."""
        return self.accepts / self.hours if self.hours else None

    @property
    def per_hour_interval(self) -> Interval | None:
        """Of the false accepts per hour."""
        return poisson_interval(self.accepts, self.hours) if self.hours else None

    @property
    def false_reject_rate(self) -> float | None:
        """Share of the known samples that are not accepted as their own class."""
        return 1 - self.right / self.known if self.known else None

    @property
    def warning(self) -> str:
        """Why these figures say little about a long day; empty if they do not."""
        limit, hours = self.limit_per_hour, self.hours
        if not limit or hours is None or limit * hours >= LEAST_EXPECTED:
            return ""
        return (
            f"{_time(hours)} of unknown samples cannot show {self.limit}: record at least "
            f"{_time(LEAST_EXPECTED / limit)} for each split"
        )

    def __str__(self) -> str:
        """False accepts, and the rate of the field if the time is known."""
        text = f"{self.accepts} of {plural(self.unknown, 'unknown sample')} accepted"
        rate, interval = self.false_accepts_per_hour, self.per_hour_interval
        if rate is not None and interval is not None and self.hours is not None:
            text += (
                f", {rate:.3g} per hour in {_time(self.hours)} (95 %: {interval.low:.2g} to "
                f"{interval.high:.3g})"
            )
        if self.false_reject_rate is None:
            return text
        missed = f"{self.known - self.right} of {plural(self.known, 'known sample')}"
        return f"{text}; false rejects {missed} ({percent(self.false_reject_rate)})"

    def to_json(self) -> dict[str, Json]:
        """The object ``rejection`` of a result and of ``model_card.json``."""
        hour = self.per_hour_interval
        return {
            "threshold": self.threshold,
            "limit": self.limit,
            "limit_per_hour": self.limit_per_hour,
            "unknown_classes": list(self.classes),
            "false_accepts": self.accepts,
            "unknown_samples": self.unknown,
            "false_accept_rate": self.false_accept_rate,
            "false_accept_interval": _share_json(self.accepts, self.unknown),
            "seconds": self.seconds,
            "false_accepts_per_hour": self.false_accepts_per_hour,
            "per_hour_interval": hour.to_json() if hour else None,
            "accepted_right": self.right,
            "known_samples": self.known,
            "false_reject_rate": self.false_reject_rate,
            "false_reject_interval": _share_json(self.known - self.right, self.known),
            "warning": self.warning,
        }


def _share_json(hits: int, of: int) -> Json:
    return wilson_interval(hits, of).to_json() if of else None


def _time(hours: float) -> str:
    return f"{hours:.3g} h" if hours >= 1 else f"{60 * hours:.2g} min"


def rejection_of(
    model: bytes | Graph | SplitOutputs, dataset: Dataset, split: DataSplit, threshold: Threshold | None
) -> Rejection | None:
    """Of ``split`` at ``threshold``; None without one, or if ``data.unknown`` names no class."""
    if threshold is None or not dataset.unknown:
        return None
    known = outputs_of(model)
    outputs, quant = known.on(split), output_quant(known.graph)
    least = round(threshold.value / quant.scale[0]) + quant.zero_point[0]
    accepted = known_scores(outputs, dataset.unknown) >= least
    unknown = np.isin(split.y, dataset.unknown)
    metric = dataset.metric
    limit = metric.limit if isinstance(metric, KnownRecall) else None
    count = int(unknown.sum())
    return Rejection(
        threshold=threshold.value,
        classes=tuple(dataset.class_names[label] for label in dataset.unknown),
        accepts=int(accepted[unknown].sum()),
        unknown=count,
        seconds=None if dataset.sample_s is None else count * dataset.sample_s,
        right=int((accepted & (outputs.argmax(axis=1) == split.y))[~unknown].sum()),
        known=len(split) - count,
        limit=str(limit) if limit else "",
        limit_per_hour=limit.value if limit and limit.per_hour else None,
    )


def rejection_from_json(value: Mapping[str, Json]) -> Rejection:
    """The inverse of ``to_json``; raises ``KeyError`` or ``TypeError`` for another form."""
    numbers = [value[key] for key in ("false_accepts", "unknown_samples", "accepted_right", "known_samples")]
    whole = [number for number in numbers if isinstance(number, int)]
    threshold, classes = value["threshold"], value["unknown_classes"]
    if len(whole) != len(numbers) or not isinstance(threshold, int | float) or not isinstance(classes, list):
        raise TypeError(f"rejection is {value!r}")
    accepts, unknown, right, known = whole
    seconds, per_hour = (
        float(found) if isinstance(found := value.get(key), int | float) else None
        for key in ("seconds", "limit_per_hour")
    )
    names = tuple(str(name) for name in classes)
    limit = str(value.get("limit", ""))
    return Rejection(float(threshold), names, accepts, unknown, seconds, right, known, limit, per_hour)
