"""Figures of merit by name.

``balanced_accuracy`` and ``macro_f1`` are for classes of unequal size. ``recall@RATE`` is for detectors,
which should give few false alarms; ``known_recall@...`` is for those that must reject unknown samples.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from micronas.data.dataset import Labels, Metric
from micronas.data.rejection import KNOWN_RECALL, PER_HOUR, KnownRecall, limit_of
from micronas.errors import ConfigError
from micronas.host.plugin import Part, find

Outputs = npt.NDArray[np.int8]


def balanced_accuracy(y: Labels, outputs: Outputs) -> float:
    """Mean over the classes of the share of their samples that are recognised."""
    right = outputs.argmax(axis=1) == y
    return float(np.mean([right[y == label].mean() for label in np.unique(y)]))


def macro_f1(y: Labels, outputs: Outputs) -> float:
    """Mean over the classes of 2 x hits / (samples + predictions)."""
    answers = outputs.argmax(axis=1)
    scores = [
        2 * np.sum((answers == label) & (y == label)) / (np.sum(answers == label) + np.sum(y == label))
        for label in np.unique(y)
    ]
    return float(np.mean(scores))


def recall_at(rate: float) -> Metric:
    """Mean over the classes of the recall at the threshold with at most ``rate`` (0..1) false alarms.

    Each class is detected by its own output: it is recognised where that is above the threshold. A false
    alarm is a sample of another class above it; the threshold is the lowest with at most that share of them.
    """

    def metric(y: Labels, outputs: Outputs) -> float:
        recalls = []
        for label in np.unique(y):
            others = np.sort(outputs[y != label, label])[::-1]
            allowed = int(rate * len(others) + 1e-9)
            threshold = others[allowed] if allowed < len(others) else -129
            recalls.append(np.mean(outputs[y == label, label] > threshold))
        return float(np.mean(recalls))

    return metric


METRICS: dict[str, Metric] = {"balanced_accuracy": balanced_accuracy, "macro_f1": macro_f1}

_RECALL = "recall@"


def is_metric(name: str | None) -> bool:
    """Whether ``name`` is a metric of micronas; raises ``ConfigError`` for a rate that is none."""
    if name is not None and name.startswith(_RECALL):
        _rate(name)
        return True
    if name is not None and name.startswith(KNOWN_RECALL):
        limit_of(name)
        return True
    return name in METRICS


def metric_of(name: str, unknown: tuple[int, ...] = (), sample_s: float | None = None) -> Metric:
    """The metric called ``name``, or the user's; raises ``ConfigError`` if there is none.

    ``unknown`` are the labels of unknown samples, ``sample_s`` the seconds behind a sample, if known.
    """
    if name.startswith(_RECALL):
        return recall_at(_rate(name))
    if name.startswith(KNOWN_RECALL):
        return _known_recall(name, unknown, sample_s)
    metric: Metric = METRICS.get(name) or find(name, Part.METRIC)
    return metric


def _known_recall(name: str, unknown: tuple[int, ...], sample_s: float | None) -> KnownRecall:
    limit = limit_of(name)
    if not unknown:
        raise ConfigError(
            f"data.metric {name}: no class is declared unknown",
            remedy="list the classes to reject, for example data.unknown: [unknown, silence]",
            settings=("data.unknown",),
        )
    if limit.per_hour and sample_s is None:
        raise ConfigError(
            f"data.metric {name}: the time behind a sample is not known",
            remedy="give the data a rate (data.options.rate_hz, time or hop_s), or limit the share of the "
            "unknown samples: known_recall@0.01",
            settings=("data.options.rate_hz",),
        )
    return KnownRecall(limit, unknown, sample_s)


def _rate(name: str) -> float:
    try:
        rate = float(name.removeprefix(_RECALL))
    except ValueError:
        rate = math.nan
    if not 0.0 <= rate < 1.0:
        raise ConfigError(
            f"data.metric {name}: the share of false alarms is not a number from 0 to below 1",
            remedy="write recall@0.01 for the recall at 1 % false alarms"
            + (f", or {KNOWN_RECALL}1{PER_HOUR} for a rate per hour" if name.endswith(PER_HOUR) else ""),
            settings=("data.metric",),
        )
    return rate
