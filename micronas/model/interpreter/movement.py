"""Ops that move values without changing them."""

from __future__ import annotations

from typing import Any

import numpy as np

from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import (
    Array,
    Kernel,
    data_of,
    input_tensor,
    output_tensor,
    quant_of,
)
from micronas.model.op_attributes import Concatenation, Pack, ResizeNearest, SplitOp, StridedSlice, Unpack


def prepare_reshape(graph: Graph, op: Op) -> Kernel:
    """RESHAPE, SQUEEZE and EXPAND_DIMS: the output's shape determines the result."""
    shape = output_tensor(graph, op).shape

    def run(values: list[Any]) -> list[Array]:
        return [values[0].reshape(-1, *shape)]

    return run


def prepare_assign(graph: Graph, op: Op) -> Kernel:
    """ASSIGN_VARIABLE: the second input becomes the state."""
    is_constant = graph.tensors[op.inputs[1]].is_constant

    def run(values: list[Any]) -> list[Array]:
        state, value = values
        return [np.broadcast_to(value, state.shape) if is_constant else value]

    return run


def prepare_pad(graph: Graph, op: Op) -> Kernel:
    """PAD with the zero point, PADV2 with a constant."""
    amounts = [(0, 0), *((int(a), int(b)) for a, b in data_of(graph, op, 1))]
    if op.kind == "PADV2":
        fill = int(data_of(graph, op, 2).reshape(()))
    else:
        fill = quant_of(output_tensor(graph, op)).zero_point[0]

    def run(values: list[Any]) -> list[Array]:
        return [np.pad(values[0], amounts, constant_values=fill)]

    return run


def prepare_concatenation(graph: Graph, op: Op) -> Kernel:
    """CONCATENATION: raw values side by side; all tensors share one quantization."""
    assert isinstance(op.attrs, Concatenation)
    axis = op.attrs.axis % len(output_tensor(graph, op).shape)
    constant = [graph.tensors[t].is_constant for t in op.inputs]

    def run(values: list[Any]) -> list[Array]:
        return [np.concatenate(_of_all_samples(values, constant), axis=axis + 1)]

    return run


def prepare_pack(graph: Graph, op: Op) -> Kernel:
    """PACK: raw values side by side along a new dimension; all tensors share one quantization."""
    assert isinstance(op.attrs, Pack)
    axis = op.attrs.axis % len(output_tensor(graph, op).shape)
    constant = [graph.tensors[t].is_constant for t in op.inputs]

    def run(values: list[Any]) -> list[Array]:
        return [np.stack(_of_all_samples(values, constant), axis=axis + 1)]

    return run


def _of_all_samples(values: list[Any], constant: list[bool]) -> list[Array]:
    """``values``, those that are ``constant`` once for each sample."""
    samples = max(len(v) for v, c in zip(values, constant, strict=True) if not c)
    return [
        np.broadcast_to(v, (samples, *v.shape)) if c else v for v, c in zip(values, constant, strict=True)
    ]


def prepare_reverse(graph: Graph, op: Op) -> Kernel:
    """REVERSE_V2 along constant axes."""
    rank = len(input_tensor(graph, op).shape)
    axes = tuple(int(a) % rank + 1 for a in np.atleast_1d(data_of(graph, op, 1)))

    def run(values: list[Any]) -> list[Array]:
        return [np.ascontiguousarray(np.flip(values[0], axes))]

    return run


def prepare_transpose(graph: Graph, op: Op) -> Kernel:
    """TRANSPOSE by a constant permutation."""
    order = (0, *(int(a) + 1 for a in data_of(graph, op, 1)))

    def run(values: list[Any]) -> list[Array]:
        return [np.ascontiguousarray(values[0].transpose(order))]

    return run


def prepare_strided_slice(graph: Graph, op: Op) -> Kernel:
    """STRIDED_SLICE with constant bounds; masked bounds are open, shrunk dimensions take one element."""
    attrs = op.attrs
    assert isinstance(attrs, StridedSlice)
    shape = output_tensor(graph, op).shape
    begin, end, strides = (np.atleast_1d(data_of(graph, op, i)) for i in (1, 2, 3))
    slices = [slice(None)]
    for i, size in enumerate(input_tensor(graph, op).shape[: len(begin)]):
        slices.append(_slice(int(begin[i]), int(end[i]), int(strides[i]), size, i, attrs))

    def run(values: list[Any]) -> list[Array]:
        return [np.ascontiguousarray(values[0][tuple(slices)]).reshape(-1, *shape)]

    return run


def _slice(begin: int, end: int, stride: int, size: int, i: int, attrs: StridedSlice) -> slice:
    if attrs.shrink_axis_mask >> i & 1:
        start = begin % size
        return slice(start, start + 1)
    first = None if attrs.begin_mask >> i & 1 else begin
    last = None if attrs.end_mask >> i & 1 else end
    return slice(first, last, stride)


def prepare_split(graph: Graph, op: Op) -> Kernel:
    """SPLIT into equal parts along a constant axis."""
    assert isinstance(op.attrs, SplitOp)
    parts = op.attrs.num_splits
    axis = int(data_of(graph, op, 0).reshape(())) % len(input_tensor(graph, op, 1).shape)

    def run(values: list[Any]) -> list[Array]:
        return [np.ascontiguousarray(part) for part in np.split(values[1], parts, axis=axis + 1)]

    return run


def prepare_split_v(graph: Graph, op: Op) -> Kernel:
    """SPLIT_V: the outputs' shapes determine the parts."""
    axis = int(data_of(graph, op, 2).reshape(())) % len(input_tensor(graph, op).shape)
    ends = np.cumsum([graph.tensors[t].shape[axis] for t in op.outputs])

    def run(values: list[Any]) -> list[Array]:
        parts = np.split(values[0], ends[:-1], axis=axis + 1)
        return [np.ascontiguousarray(part) for part in parts]

    return run


def prepare_unpack(graph: Graph, op: Op) -> Kernel:
    """UNPACK: one slice for each output."""
    assert isinstance(op.attrs, Unpack)
    axis = op.attrs.axis % len(input_tensor(graph, op).shape) + 1

    def run(values: list[Any]) -> list[Array]:
        return [np.ascontiguousarray(np.take(values[0], i, axis=axis)) for i in range(len(op.outputs))]

    return run


def prepare_tile(graph: Graph, op: Op) -> Kernel:
    """TILE by constant multiples."""
    times = (1, *(int(m) for m in data_of(graph, op, 1)))

    def run(values: list[Any]) -> list[Array]:
        return [np.tile(values[0], times)]

    return run


def prepare_resize(graph: Graph, op: Op) -> Kernel:
    """RESIZE_NEAREST_NEIGHBOR: rows and columns picked by TFLite's float32 rule."""
    attrs = op.attrs
    assert isinstance(attrs, ResizeNearest)
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    rows = nearest_indices(x.shape[1], y.shape[1], attrs)
    columns = nearest_indices(x.shape[2], y.shape[2], attrs)

    def run(values: list[Any]) -> list[Array]:
        return [values[0][:, :, rows][:, :, :, columns]]

    return run


def nearest_indices(size: int, outputs: int, attrs: ResizeNearest) -> Array:
    """The input position of each output position along one dimension."""
    aligned = attrs.align_corners and outputs > 1
    scale = (
        np.float32(size - 1) / np.float32(outputs - 1) if aligned else np.float32(size) / np.float32(outputs)
    )
    offset = np.float32(0.5 if attrs.half_pixel_centers else 0.0)
    positions = (np.arange(outputs, dtype=np.float32) + offset) * scale
    whole = np.floor(positions.astype(np.float64) + 0.5) if attrs.align_corners else np.floor(positions)
    inside: Array = np.clip(whole.astype(np.int64), 0, size - 1)
    return inside


def prepare_arg_max(graph: Graph, op: Op) -> Kernel:
    """ARG_MAX along a constant axis; the first of several maxima."""
    y = output_tensor(graph, op)
    axis = int(data_of(graph, op, 1).reshape(())) % len(input_tensor(graph, op).shape)

    def run(values: list[Any]) -> list[Array]:
        return [values[0].argmax(axis=axis + 1).astype(y.dtype.value)]

    return run
