"""What a device made of samples of a data set, compared with the host, element by element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from micronas.data import Task
from micronas.data.evaluation import Evaluation
from micronas.deploy.device_accuracy.stream import Streamed
from micronas.errors import ParityError
from micronas.estimate.accuracy import (
    by_metric,
    dequantized,
    input_quant,
    metric_threshold,
    output_quant,
    quantized,
)
from micronas.estimate.confusion import Confusion, confusion_of
from micronas.estimate.errors_in_unit import in_unit, mean_errors
from micronas.model.graph import Graph
from micronas.model.interpreter import run_batch
from micronas.train.quality import quality
from micronas.trial import Json, Source

MOST_STEPS = 1
"""A front end in C may differ from the training's by this many steps of the int8 input."""
Int8 = npt.NDArray[np.int8]


@dataclass(frozen=True)
class InputCheck:
    """Inputs that the device computed, compared with those of the training's front end."""

    elements: int
    differing: int
    most_steps: int


@dataclass(frozen=True)
class ErrorsOnDevice:
    """Mean absolute and root mean squared error of a regression, in the unit of its target."""

    target: str
    unit: str
    device_mae: float
    device_rmse: float
    host_mae: float
    host_rmse: float

    def to_json(self) -> dict[str, Json]:
        """The object ``errors`` of ``accuracy``."""
        return {
            "target": self.target,
            "unit": self.unit,
            "device": {"mae": self.device_mae, "rmse": self.device_rmse},
            "host": {"mae": self.host_mae, "rmse": self.host_rmse},
        }


@dataclass(frozen=True, eq=False)
class DeviceAccuracy:
    """``samples`` of ``available`` in ``split``, on a device and on the host.

    ``figure`` names the figure of merit; ``device`` and ``host`` are its values, 0..1. ``source`` is
    EMULATED or MEASURED. ``mismatches`` of ``elements`` of the device's outputs differ from those of the
    reference interpreter for the inputs that the device had. The host's figures are for the inputs of the
    training's front end; ``inputs`` compares them with the device's, and is None if it got features.
    ``answers_apart`` counts samples with another class. Confusion matrices are None unless classes are
    predicted. ``errors`` are those of a regression.
    """

    split: str
    samples: int
    available: int
    figure: str
    source: Source
    device: float
    host: float
    elements: int
    mismatches: int
    inputs: InputCheck | None
    answers_apart: int | None
    device_confusion: Confusion | None
    host_confusion: Confusion | None
    front_end_counts: tuple[int, ...] = ()
    errors: ErrorsOnDevice | None = None

    @property
    def raw(self) -> bool:
        """Whether the device got raw samples."""
        return self.inputs is not None

    def require_equal(self) -> None:
        """Raise ``ParityError`` unless all outputs are equal and all inputs within the tolerance."""
        if self.mismatches:
            raise ParityError(
                f"{self.mismatches} of {self.elements} output elements of the {self.split} samples differ "
                f"from the reference",
                remedy="this is a bug in a kernel or in the compiler: keep the model and report it",
            )
        if self.inputs is not None and self.inputs.most_steps > MOST_STEPS:
            raise ParityError(
                f"the device's front end is {self.inputs.most_steps} steps from the training's "
                f"(limit: {MOST_STEPS}); {self.inputs.differing} of {self.inputs.elements} elements differ",
                remedy="use front_end.json and data of the same run; otherwise this is a bug: report it",
            )

    def to_json(self) -> dict[str, Json]:
        """The object ``accuracy`` of ``bench --json``."""
        inputs = self.inputs
        return {
            "split": self.split,
            "samples": self.samples,
            "available": self.available,
            "figure": self.figure,
            "source": self.source.value,
            "device": self.device,
            "host": self.host,
            "outputs": {"elements": self.elements, "mismatches": self.mismatches},
            "inputs": None
            if inputs is None
            else {
                "elements": inputs.elements,
                "differing": inputs.differing,
                "most_steps": inputs.most_steps,
            },
            "answers_apart": self.answers_apart,
            "confusion": None
            if self.device_confusion is None or self.host_confusion is None
            else {
                "classes": list(self.device_confusion.classes),
                "device": [list(row) for row in self.device_confusion.matrix],
                "host": [list(row) for row in self.host_confusion.matrix],
            },
            "front_end_counts": list(self.front_end_counts),
            "errors": self.errors.to_json() if self.errors else None,
        }


def compare(
    graph: Graph, given: Evaluation, streamed: Streamed, source: Source, *, raw: bool
) -> DeviceAccuracy:
    """The figures of what the device made of ``given``."""
    x, dataset = given.chosen.x, given.dataset
    features = quantized(x, input_quant(graph)).reshape(len(given), -1)
    host = _outputs(graph, features, x.shape)
    reference = _outputs(graph, streamed.inputs, x.shape) if raw else host
    apart = np.abs(streamed.inputs.astype(int) - features)
    classes = dataset.task is Task.CLASSIFY
    answers = [outputs.argmax(axis=1).astype(np.int64) for outputs in (streamed.outputs, host)]
    names = dataset.class_names
    matrices = [confusion_of(given.chosen.y, a, names) for a in answers] if classes else [None, None]
    return DeviceAccuracy(
        split=given.split,
        samples=len(given),
        available=given.available,
        figure=dataset.figure,
        source=source,
        device=_figure(graph, given, streamed.outputs),
        host=_figure(graph, given, host),
        elements=reference.size,
        mismatches=int(np.count_nonzero(streamed.outputs != reference)),
        inputs=InputCheck(apart.size, int(np.count_nonzero(apart)), int(apart.max())) if raw else None,
        answers_apart=int(np.count_nonzero(answers[0] != answers[1])) if classes else None,
        device_confusion=matrices[0],
        host_confusion=matrices[1],
        front_end_counts=streamed.front_end_counts,
        errors=_errors(graph, given, streamed.outputs, host),
    )


def _outputs(graph: Graph, inputs: Int8, shape: tuple[int, ...]) -> Int8:
    return np.asarray(run_batch(graph, [inputs.reshape(shape)])[0], np.int8).reshape(len(inputs), -1)


def _errors(graph: Graph, given: Evaluation, device: Int8, host: Int8) -> ErrorsOnDevice | None:
    target, wanted = given.dataset.target, given.chosen.targets
    if target is None or wanted is None:
        return None
    of_device, of_host = (mean_errors(in_unit(graph, target, o), wanted) for o in (device, host))
    return ErrorsOnDevice(target.name, target.unit, *of_device, *of_host)


def _figure(graph: Graph, given: Evaluation, outputs: Int8) -> float:
    """As in a search: the user's metric, accuracy, AUC or R2."""
    if given.dataset.metric is not None:
        return by_metric(given.dataset, given.chosen, outputs, metric_threshold(graph, given.dataset))
    if given.dataset.task is Task.CLASSIFY:
        return float(np.mean(outputs.argmax(axis=1) == given.chosen.y))
    real = dequantized(outputs, output_quant(graph))
    return quality(given.dataset.task, real, given.chosen.x, given.dataset.learned(given.chosen))
