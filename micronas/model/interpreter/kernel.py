"""The kernel of an op: parameters are computed once, then it is called on batches.

Activations are arrays (N, *tensor.shape): the sample axis first, then the tensor's own dimensions, its
batch of 1 included. Constants are plain arrays, absent inputs None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.errors import ModelError
from micronas.model.graph import ABSENT, Graph, Op, Quant, Tensor

Array: TypeAlias = npt.NDArray[Any]
Kernel: TypeAlias = Callable[[list[Any]], list[Array]]
Prepare: TypeAlias = Callable[[Graph, Op], Kernel]

FLOAT32_EXACT = 2**24
"""Sums of integers are exact in float32 if every partial sum is smaller than this."""


def quant_of(tensor: Tensor) -> Quant:
    """The quantization of an int8 tensor; raises ``ModelError`` if it has none."""
    if tensor.quant is None:
        raise ModelError(f"tensor {tensor.name!r} of type {tensor.dtype.value} has no scale")
    return tensor.quant


def data_of(graph: Graph, op: Op, position: int) -> Array:
    """The values of a constant input; raises ``ModelError`` for a computed or shape-only one."""
    tensor = graph.tensors[op.inputs[position]]
    if tensor.data is None:
        what = "has no values (a shape-only graph)" if tensor.is_constant else "must be a constant"
        raise ModelError(f"{op.kind}: input {position} {what}")
    return tensor.data


def optional_data(graph: Graph, op: Op, position: int) -> Array | None:
    """As ``data_of``, or None for an absent input."""
    if position >= len(op.inputs) or op.inputs[position] == ABSENT:
        return None
    return data_of(graph, op, position)


def input_tensor(graph: Graph, op: Op, position: int = 0) -> Tensor:
    """The tensor at an op's input."""
    return graph.tensors[op.inputs[position]]


def output_tensor(graph: Graph, op: Op) -> Tensor:
    """The op's first output."""
    return graph.tensors[op.outputs[0]]


def exact_float(largest_sum: int) -> type[np.floating[Any]]:
    """float32 if sums up to ``largest_sum`` are exact in it, else float64 (exact to 2**53)."""
    return np.float32 if largest_sum < FLOAT32_EXACT else np.float64
