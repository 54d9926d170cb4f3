"""TFLite Micro's own interpreter, to say what a graph computes.

    inputs = random_inputs(graph, rng, samples=3) # one (3, ...) array per graph input
    outputs = run_tflm(graph, inputs)             # one (3, ...) array per graph output

Where its wheel is not installed, tests that ask it are skipped.
"""

from __future__ import annotations

import os
import re
import tempfile

import numpy as np
import numpy.typing as npt

from micronas.memory.plan.tflm import UNKNOWN_TO_TFLM
from micronas.model.graph import DType, Graph
from micronas.model.tflite.writer import write

Rng = np.random.Generator
Array = npt.NDArray[np.generic]


def tflm_interpreter(model: bytes, arena_bytes: int = 4_000_000):
    """A TFLite Micro interpreter of the wheel; skips the test where the wheel is not installed."""
    import pytest

    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    return runtime.Interpreter.from_bytes(bytes(model), arena_size=arena_bytes)


def tflm_allocations(model: bytes) -> dict[str, int]:
    """What the interpreter says it allocated, in bytes: ``head``, ``tail`` and ``total``."""
    interpreter = tflm_interpreter(model)
    with tempfile.TemporaryFile() as log:
        saved = os.dup(2)
        os.dup2(log.fileno(), 2)  # the report goes to the C library's stderr
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(saved, 2)
            os.close(saved)
        log.seek(0)
        text = log.read().decode()
    found = re.findall(r"Arena allocation (head|tail|total) (\d+) bytes", text)
    return {name: int(number) for name, number in found}


class _LiteRt:
    """LiteRT's reference kernels behind the few methods of TFLite Micro's interpreter."""

    def __init__(self, model: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
        )
        self._interpreter.allocate_tensors()

    def set_input(self, values: Array, index: int) -> None:
        self._interpreter.set_tensor(self._interpreter.get_input_details()[index]["index"], values)

    def invoke(self) -> None:
        self._interpreter.invoke()

    def get_output(self, index: int) -> Array:
        return self._interpreter.get_tensor(self._interpreter.get_output_details()[index]["index"])


def reference_interpreter(graph: Graph, model: bytes):
    """TFLite Micro, or LiteRT's reference kernels for a network with an op that TFLite Micro lacks."""
    lacks = any(op.kind in UNKNOWN_TO_TFLM for op in graph.ops)
    return _LiteRt(model) if lacks else tflm_interpreter(model)


def run_tflm(
    graph: Graph, inputs: list[Array], model: bytes | None = None, *, in_order: bool = False
) -> list[Array]:
    """The reference's outputs, one (samples, ...) per output; ``model`` defaults to ``write(graph)``.

    States begin anew with each sample, or ``in_order`` with the first only.
    """
    model = write(graph) if model is None else model
    interpreter = reference_interpreter(graph, model)
    shapes = [graph.tensors[t].shape for t in graph.inputs]
    results: list[list[Array]] = [[] for _ in graph.outputs]
    for sample in range(len(inputs[0])):
        if graph.states and sample and not in_order:
            interpreter = reference_interpreter(graph, model)
        for i, (values, shape) in enumerate(zip(inputs, shapes, strict=True)):
            interpreter.set_input(np.ascontiguousarray(values[sample].reshape(shape)), i)
        interpreter.invoke()
        for i, result in enumerate(results):
            result.append(np.array(interpreter.get_output(i)))
    return [
        np.stack(result).reshape(len(inputs[0]), *batched(graph.tensors[t].shape))
        for result, t in zip(results, graph.outputs, strict=True)
    ]


def batched(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A tensor's shape without its leading batch of 1, which the sample axis takes the place of."""
    return shape[1:] if shape and shape[0] == 1 else shape


def random_inputs(graph: Graph, rng: Rng, samples: int) -> list[Array]:
    """Values over the whole range of each input's type, shaped (samples, ...)."""
    arrays: list[Array] = []
    for t in graph.inputs:
        tensor = graph.tensors[t]
        shape = (samples, *batched(tensor.shape))
        if tensor.dtype is DType.FLOAT32:
            arrays.append(rng.normal(0.0, 3.0, shape).astype(np.float32))
        else:
            arrays.append(rng.integers(-128, 128, shape).astype(tensor.dtype.value))
    return arrays
