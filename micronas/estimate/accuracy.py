"""Accuracy of the int8 network, as the firmware computes it: the figure that enters the reward."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.data import Dataset, DataSplit, Task
from micronas.data.rejection import KnownRecall
from micronas.errors import RewardError
from micronas.model.graph import Graph, Quant
from micronas.model.interpreter import run_batch
from micronas.model.tflite import read_bytes
from micronas.train.quality import Truth, quality

COLLAPSE_DROP = 0.10
"""A loss of accuracy from float to int8 above this is not rounding: scales or weights are wrong."""


@dataclass(frozen=True)
class Int8Accuracy:
    """Accuracy (0..1), and the share of the most frequent prediction."""

    accuracy: float
    top_share: float

    @property
    def one_class(self) -> bool:
        """Whether every sample got the same prediction."""
        return self.top_share == 1.0


def int8_accuracy(model: bytes | Graph, x: npt.NDArray[np.float32], y: npt.NDArray[np.int64]) -> Int8Accuracy:
    """Accuracy of an int8 network on float inputs ``x`` (N, ...), quantized with the network's own scale.

    Uses the interpreter, whose results equal the firmware's in every bit.
    """
    answers = int8_answers(model, x)
    return Int8Accuracy(float(np.mean(answers == y)), float(np.bincount(answers).max() / len(answers)))


def int8_answers(model: bytes | Graph, x: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The class (N,) that an int8 network gives for each of float inputs ``x`` (N, ...)."""
    graph = read_bytes(model, "candidate") if isinstance(model, bytes) else model
    outputs = run_batch(graph, [quantized(x, input_quant(graph))])[0]
    return np.asarray(outputs.reshape(len(x), -1).argmax(axis=1), np.int64)


def int8_quality(model: bytes | Graph, task: Task, x: npt.NDArray[np.float32], y: Truth) -> float:
    """The figure of merit (0..1) of an int8 network for ``task``; see ``quality``.

    Reconstructions are compared with the input before it is rounded: int8 clamps it to the range of normal
    samples, and values beyond that range are what makes an anomaly (AUC .87 instead of .93 on ``vibration``).
    """
    if task is Task.CLASSIFY:
        return int8_accuracy(model, x, y.astype(np.int64)).accuracy
    graph = read_bytes(model, "candidate") if isinstance(model, bytes) else model
    outputs = run_batch(graph, [quantized(x, input_quant(graph))])[0]
    return quality(task, dequantized(outputs, output_quant(graph)), x, y)


def int8_figure(model: bytes | Graph | SplitOutputs, dataset: Dataset, split: DataSplit) -> float:
    """The figure of merit (0..1) of an int8 network on ``split``: the user's metric, or the task's.

    A metric with a threshold evaluates every split at the threshold of the validation split.
    """
    known = outputs_of(model)
    outputs = known.on(split)
    if split is not dataset.validation and (least := metric_threshold(known, dataset)) is not None:
        return by_metric(dataset, split, outputs, least)
    return figure_of_outputs(known.graph, dataset, split, outputs)


def int8_outputs(graph: Graph, x: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    """The int8 outputs (N, values) for float inputs ``x`` (N, ...)."""
    outputs = run_batch(graph, [quantized(x, input_quant(graph))])[0]
    return np.asarray(outputs, np.int8).reshape(len(x), -1)


class SplitOutputs:
    """The int8 outputs of a network, computed once for each split."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._known: list[tuple[DataSplit, npt.NDArray[np.int8]]] = []

    def on(self, split: DataSplit) -> npt.NDArray[np.int8]:
        """Those for ``split``, int8 (N, values)."""
        found = next((outputs for known, outputs in self._known if known is split), None)
        if found is None:
            found = int8_outputs(self.graph, split.x)
            self._known.append((split, found))
        return found


def outputs_of(model: bytes | Graph | SplitOutputs) -> SplitOutputs:
    """The outputs of a file or a graph, none of which is computed yet; or those that are given."""
    if isinstance(model, SplitOutputs):
        return model
    return SplitOutputs(read_bytes(model, "candidate") if isinstance(model, bytes) else model)


def metric_threshold(model: Graph | SplitOutputs, dataset: Dataset) -> int | None:
    """The int8 threshold that the metric of ``dataset`` chooses on its validation split, if it has one."""
    if not isinstance(dataset.metric, KnownRecall):
        return None
    validation = dataset.validation
    return dataset.metric.threshold(validation.y, outputs_of(model).on(validation))


def figure_of_outputs(
    graph: Graph, dataset: Dataset, split: DataSplit, outputs: npt.NDArray[np.int8]
) -> float:
    """The same of ``outputs`` (N, values), which some interpreter computed of the network for ``split``."""
    if dataset.metric is not None:
        return by_metric(dataset, split, outputs)
    if dataset.task is Task.CLASSIFY:
        return float(np.mean(outputs.argmax(axis=1) == split.y))
    return quality(dataset.task, dequantized(outputs, output_quant(graph)), split.x, dataset.learned(split))


def by_metric(
    dataset: Dataset, split: DataSplit, outputs: npt.NDArray[np.int8], threshold: int | None = None
) -> float:
    """The user's metric of int8 ``outputs``; raises ``RewardError`` unless it is within 0..1.

    ``threshold`` is that of ``metric_threshold``; without it, such a metric chooses one on ``split``.
    """
    metric, outputs = dataset.metric, outputs.reshape(len(split), -1)
    assert metric is not None, "asked only where there is a metric"
    if threshold is not None and isinstance(metric, KnownRecall):
        return metric.at(threshold, split.y, outputs)
    value = metric(split.y, outputs)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 <= number <= 1.0:
        raise RewardError(
            f"metric {dataset.metric_name} returned {value!r}",
            remedy="a metric returns a number from 0 to 1, larger is better",
        )
    return number


def output_quant(graph: Graph) -> Quant:
    """Scale and zero point of the network's output."""
    quant = graph.tensors[graph.outputs[0]].quant
    assert quant is not None, "the reader refuses a network without quantized output"
    return quant


def dequantized(values: npt.NDArray[np.int8], quant: Quant) -> npt.NDArray[np.float32]:
    """int8 values as the real numbers that they represent."""
    real: npt.NDArray[np.float32] = (
        (values.astype(np.int32) - quant.zero_point[0]) * np.float32(quant.scale[0])
    ).astype(np.float32)
    return real


def input_quant(graph: Graph) -> Quant:
    """Scale and zero point of the network's input."""
    quant = graph.tensors[graph.inputs[0]].quant
    assert quant is not None, "the reader refuses a network without quantized input"
    return quant


def quantized(x: npt.NDArray[np.float32], quant: Quant) -> npt.NDArray[np.int8]:
    """``x`` as int8: round to nearest, ties to even, clamped; as in the device's front end."""
    q = np.rint(x / np.float32(quant.scale[0])) + quant.zero_point[0]
    clamped: npt.NDArray[np.int8] = np.clip(q, -128, 127).astype(np.int8)
    return clamped


def collapse(int8: Int8Accuracy, float_accuracy: float) -> str:
    """The fault of an int8 network compared with its float form, as text; empty if there is none."""
    if int8.one_class:
        return "the int8 network predicts the same class for every sample"
    return dropped("accuracy", int8.accuracy, float_accuracy)


def dropped(figure: str, of_int8: float, of_float: float) -> str:
    """The fault if a figure of merit dropped by more than rounding explains; empty if it did not."""
    if of_float - of_int8 > COLLAPSE_DROP:
        return f"int8 {figure} {of_int8:.3f} against {of_float:.3f} in float"
    return ""
