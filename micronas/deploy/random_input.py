"""Random inputs of a network, in the types of its inputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from micronas.model.graph import DType, Graph, Quant

_BEYOND = 1.1
"""Float samples also reach 10 % beyond the range of their quantization, so that its clamp is exercised."""


def random_input(graph: Graph, index: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.generic]:
    """Values (count, ...) for tensor ``index``, uniform over what its type and quantization hold."""
    tensor = graph.tensors[index]
    shape = (count, *tensor.shape[1:])
    if tensor.dtype is DType.FLOAT32:
        low, high = _float_range(graph, index)
        return rng.uniform(low, high, shape).astype(np.float32)
    if tensor.dtype is DType.UINT8:
        return rng.integers(0, 256, shape, dtype=np.uint8)
    return rng.integers(-128, 128, shape, dtype=np.int8)


def _float_range(graph: Graph, index: int) -> tuple[float, float]:
    """Of a float input: the real values that the QUANTIZE behind it keeps apart, and somewhat more."""
    quant = next(
        (
            graph.tensors[op.outputs[0]].quant
            for op in graph.ops
            if op.kind == "QUANTIZE" and index in op.inputs
        ),
        None,
    ) or Quant((1 / 128,), (0,))
    scale, zero_point = quant.scale[0], quant.zero_point[0]
    return _BEYOND * scale * (-128 - zero_point), _BEYOND * scale * (127 - zero_point)
