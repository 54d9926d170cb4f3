"""AVERAGE_POOL_2D and MAX_POOL_2D: one pass per position of the window; padding is excluded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from micronas.model.fixed_point.multiplier import activation_range
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import Array, Kernel, input_tensor, output_tensor, quant_of
from micronas.model.op_attributes import Pool2D
from micronas.model.window import window_padding


def prepare_average(graph: Graph, op: Op) -> Kernel:
    """AVERAGE_POOL_2D: the sum over the covered inputs divided by their number, halves away from zero."""
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    low, high = activation_range(_attrs(op).activation, quant_of(y))
    ones = np.ones((1, *x.shape[1:3], 1), np.int32)
    count = _reduced(ones, graph, op, fill=0, combine=np.add)

    def run(values: list[Array]) -> list[Array]:
        total = _reduced(values[0].reshape(-1, *x.shape[1:]).astype(np.int32), graph, op, 0, np.add)
        rounded = np.sign(total) * ((np.abs(total) + count // 2) // count)
        return [np.clip(rounded, low, high).astype(np.int8).reshape(-1, *y.shape)]

    return run


def prepare_max(graph: Graph, op: Op) -> Kernel:
    """MAX_POOL_2D, then the clamp of a fused activation."""
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    low, high = activation_range(_attrs(op).activation, quant_of(y))

    def run(values: list[Array]) -> list[Array]:
        largest = _reduced(values[0].reshape(-1, *x.shape[1:]), graph, op, -128, np.maximum)
        return [np.clip(largest, low, high).astype(np.int8).reshape(-1, *y.shape)]

    return run


def _attrs(op: Op) -> Pool2D:
    assert isinstance(op.attrs, Pool2D)
    return op.attrs


def _reduced(x: Array, graph: Graph, op: Op, fill: int, combine: np.ufunc) -> Array:
    """``combine`` over each window of (n, H, W, C), with ``fill`` where the window exceeds the edge."""
    shifted = _shifted(x, graph, op, fill)
    result = next(shifted).copy()
    for window in shifted:
        combine(result, window, out=result)
    return result


def _shifted(x: Array, graph: Graph, op: Op, fill: int) -> Iterator[Array]:
    """The input at each position of the window, (n, OH, OW, C) each."""
    attrs, y = _attrs(op), output_tensor(graph, op)
    pad_h = window_padding(x.shape[1], y.shape[1], attrs.filter_h, attrs.stride_h)
    pad_w = window_padding(x.shape[2], y.shape[2], attrs.filter_w, attrs.stride_w)
    padded = np.pad(x, ((0, 0), pad_h, pad_w, (0, 0)), constant_values=fill)
    reach_h, reach_w = (y.shape[1] - 1) * attrs.stride_h + 1, (y.shape[2] - 1) * attrs.stride_w + 1
    for top in range(attrs.filter_h):
        for left in range(attrs.filter_w):
            yield padded[:, top : top + reach_h : attrs.stride_h, left : left + reach_w : attrs.stride_w]
