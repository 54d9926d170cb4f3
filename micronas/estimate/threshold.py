"""The decision threshold of an int8 network, chosen on the validation split, as a device applies it.

Of classes: the least value of the largest output. A smaller one is refused as "none of these". With the
metric ``known_recall@...`` it is the lowest that keeps to the limit of false accepts. Of anomalies: the least
reconstruction error that is reported. The error is that between int8 input and int8 output, which is what a
device has; figures of merit use inputs before int8 clamps them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from micronas.data import Dataset, Task
from micronas.data.rejection import KnownRecall, known_scores
from micronas.estimate.accuracy import (
    SplitOutputs,
    dequantized,
    input_quant,
    output_quant,
    outputs_of,
    quantized,
)
from micronas.model.graph import Graph, Quant
from micronas.train.auc import auc, partial_auc
from micronas.train.quality import NORMAL, reconstruction_errors
from micronas.trial import Json

KEEP = 0.95
"""Share of the right answers, or of the normal samples, that a threshold keeps."""
ACCEPT, ANOMALY = "accept", "anomaly"
LOW_FALSE_ALARMS = 0.1
"""Share of false alarms up to which the partial AUC counts, as in the DCASE challenges."""

Int8 = npt.NDArray[np.int8]
Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Threshold:
    """``value`` of the threshold ``name``, in real units, and what it does on the validation split.

    ``kept`` of ``of_kept`` right answers (normal samples) pass; ``refused`` of ``of_refused`` wrong answers
    (anomalies) do not. With a ``limit`` of false accepts these are the samples of the known classes, accepted
    as their own, and the unknown samples. For anomalies, ``auc`` and ``partial_auc`` are those of the
    device's error.
    """

    name: str
    value: float
    kept: int
    of_kept: int
    refused: int
    of_refused: int
    auc: float | None = None
    partial_auc: float | None = None
    limit: str = ""

    def to_json(self) -> dict[str, Json]:
        """The object ``threshold`` of ``model_card.json``."""
        return {
            "name": self.name,
            "value": self.value,
            "kept": self.kept,
            "of_kept": self.of_kept,
            "refused": self.refused,
            "of_refused": self.of_refused,
            "auc": self.auc,
            "partial_auc": self.partial_auc,
            "limit": self.limit,
        }


def threshold_from_json(data: Mapping[str, Json]) -> Threshold:
    """The inverse of ``Threshold.to_json``; raises ``KeyError`` or ``TypeError`` for another form."""
    return Threshold(**{field.name: data[field.name] for field in fields(Threshold)})  # type: ignore[arg-type]


def choose_threshold(model: bytes | Graph | SplitOutputs, dataset: Dataset) -> Threshold | None:
    """The threshold of ``model`` on the validation split of ``dataset``.

    None for other tasks than classes and anomalies, and for a network that has no right answer.
    """
    known, split = outputs_of(model), dataset.validation
    graph, outputs = known.graph, known.on(split)
    if isinstance(dataset.metric, KnownRecall):
        return of_unknown(dataset.metric, split.y, outputs, output_quant(graph))
    if dataset.task is Task.CLASSIFY:
        real = dequantized(outputs, output_quant(graph)).max(axis=1).astype(np.float64)
        return of_answers(real, outputs.argmax(axis=1) == split.y)
    if dataset.task is Task.DETECT_ANOMALIES:
        inputs = quantized(split.x, input_quant(graph))
        return of_errors(device_errors(graph, inputs, outputs), split.y != NORMAL)
    return None


def of_answers(largest: Scores, right: npt.NDArray[np.bool_]) -> Threshold | None:
    """The largest threshold that ``KEEP`` of the right answers reach, by their largest outputs (N,)."""
    ours = np.sort(largest[right])
    if not len(ours):
        return None
    value = float(ours[math.floor((1 - KEEP) * len(ours) + 1e-9)])
    wrong = largest[~right]
    return Threshold(
        ACCEPT, value, int((ours >= value).sum()), len(ours), int((wrong < value).sum()), len(wrong)
    )


def of_unknown(metric: KnownRecall, y: Labels, outputs: Int8, quant: Quant) -> Threshold:
    """The lowest that keeps to the limit of ``metric``; labels (N,), outputs (N, classes)."""
    least = metric.threshold(y, outputs)
    unknown = np.isin(y, metric.unknown)
    accepted = known_scores(outputs, metric.unknown) >= least
    right = accepted & (outputs.argmax(axis=1) == y)
    return Threshold(
        ACCEPT,
        float(np.float32(quant.scale[0]) * (least - quant.zero_point[0])),
        int(right[~unknown].sum()),
        int((~unknown).sum()),
        int((~accepted)[unknown].sum()),
        int(unknown.sum()),
        limit=str(metric.limit),
    )


def of_errors(errors: Scores, is_anomaly: npt.NDArray[np.bool_]) -> Threshold | None:
    """The least error that at most 1 - ``KEEP`` of the normal samples reach; ``errors`` (N,)."""
    normal, anomalies = np.sort(errors[~is_anomaly]), errors[is_anomaly]
    if not len(normal):
        return None
    alarms = math.floor((1 - KEEP) * len(normal) + 1e-9)
    value = float(np.nextafter(normal[len(normal) - 1 - alarms], np.inf))
    both = len(anomalies) > 0
    return Threshold(
        ANOMALY,
        value,
        int((normal < value).sum()),
        len(normal),
        int((anomalies >= value).sum()),
        len(anomalies),
        auc(errors, is_anomaly) if both else None,
        partial_auc(errors, is_anomaly, LOW_FALSE_ALARMS) if both else None,
    )


def device_errors(graph: Graph, inputs: Int8, outputs: Int8) -> Scores:
    """Mean squared difference of int8 inputs and outputs (N, ...) as real numbers, (N,)."""
    given = dequantized(inputs, input_quant(graph))
    return reconstruction_errors(dequantized(outputs, output_quant(graph)), given)
