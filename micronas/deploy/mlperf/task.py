"""The supported tasks of MLPerf Tiny: their input bytes, results and quality."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

from micronas.errors import ConfigError, ModelError
from micronas.model.graph import DType, Graph, Tensor


class Encoding(Enum):
    """The encoding of the loaded bytes; the value is the constant of ``mn_mlperf.h``."""

    INT8 = "MN_MLPERF_INT8"
    """The network's own quantized input."""
    UINT8 = "MN_MLPERF_UINT8"
    """Pixels; the network's input is the byte - 128."""
    FLOAT32 = "MN_MLPERF_FLOAT32"
    """Little-endian floats, which the device quantizes by the input's own scale."""


@dataclass(frozen=True)
class MlperfTask:
    """One benchmark.

    ``input_shape`` is of one sample (for ad01 of one window), ``outputs`` the length of the network's output
    vector. ``error_score``: the device replies with the mean squared error of a reconstruction.
    ``takes_uint8``: the network's input is uint8, so that pixels are loaded as they are.
    ``stride`` is the number of rows between windows of a file, 0 if a file is one sample.
    ``quality`` is the closed division's target: top-1 accuracy, or AUC of the error score. It is None for
    sww01, whose target counts false detections in a stream of sound, which no single inference has.
    """

    name: str
    title: str
    input_shape: tuple[int, ...]
    encoding: Encoding
    outputs: int
    quality: float | None
    error_score: bool = False
    stride: int = 0
    takes_uint8: bool = False

    @property
    def stored_as(self) -> Encoding:
        """How the device keeps the loaded bytes."""
        return Encoding.INT8 if self.takes_uint8 else self.encoding

    @property
    def input_elements(self) -> int:
        """Elements of the network's input."""
        return math.prod(self.input_shape)

    @property
    def input_bytes(self) -> int:
        """Bytes that the host loads for one inference."""
        return self.input_elements * (4 if self.encoding is Encoding.FLOAT32 else 1)


# Shapes, encodings and targets: mlcommons/tiny, benchmark/evaluation/datasets/README.md.
_ALL = (
    MlperfTask("kws01", "keyword spotting", (49, 10), Encoding.INT8, 12, 0.90),
    MlperfTask("vww01", "visual wake words", (96, 96, 3), Encoding.UINT8, 2, 0.80),
    MlperfTask("ic01", "image classification", (32, 32, 3), Encoding.UINT8, 10, 0.85),
    MlperfTask(
        "ad01", "anomaly detection", (5, 128), Encoding.FLOAT32, 640, 0.85, error_score=True, stride=1
    ),
    MlperfTask("sww01", "streaming wake word", (30, 40), Encoding.INT8, 3, None),
)
TASKS = {task.name: task for task in _ALL}


def choose_task(name: str | None, graph: Graph) -> MlperfTask:
    """The task called ``name``; without a name, the one that matches the network's input and output.

    Raises ``ConfigError`` for an unknown name or if no task matches, ``ModelError`` if the network does not
    match the named task.
    """
    if name is None:
        fitting = [task for task in _ALL if not _mismatches(task, graph)]
        if not fitting:
            raise ConfigError(
                f"{graph.name} does not match the inputs and outputs of any MLPerf Tiny task",
                remedy=f"pass --task ({', '.join(TASKS)}) to see the differences from that task",
            )
        return _for_network(fitting[0], graph)
    if name not in TASKS:
        raise ConfigError(f"--task {name}: unknown", remedy=f"one of {', '.join(TASKS)}")
    if wrong := _mismatches(TASKS[name], graph):
        raise ModelError(f"{graph.name} does not match the task {name}: {'; '.join(wrong)}")
    return _for_network(TASKS[name], graph)


def _for_network(task: MlperfTask, graph: Graph) -> MlperfTask:
    return replace(task, takes_uint8=graph.tensors[graph.inputs[0]].dtype is DType.UINT8)


def _mismatches(task: MlperfTask, graph: Graph) -> list[str]:
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return [f"it has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, not one of each"]
    if graph.states:
        return ["it keeps states between runs, which the runner's script does not reset"]
    given, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    pixels = task.encoding is Encoding.UINT8
    wrong = _tensor_mismatches("input", given, task.input_elements, (DType.INT8, *([DType.UINT8] * pixels)))
    wrong += _tensor_mismatches("output", result, task.outputs, (DType.INT8,))
    black, loaded = (0, "bytes") if given.dtype is DType.UINT8 else (-128, "byte - 128")
    if pixels and given.quant and given.quant.zero_point[0] != black:
        wrong.append(
            f"its input's zero point is {given.quant.zero_point[0]}, but pixels are loaded as {loaded}"
        )
    return wrong


def _tensor_mismatches(what: str, tensor: Tensor, elements: int, types: tuple[DType, ...]) -> list[str]:
    wrong = []
    if tensor.dtype not in types:
        wrong.append(f"its {what} is {tensor.dtype.value}, not {' or '.join(t.value for t in types)}")
    if math.prod(tensor.shape) != elements:
        wrong.append(f"its {what} has {math.prod(tensor.shape)} elements, the task has {elements}")
    return wrong
