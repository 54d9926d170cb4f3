"""Random ops that move values without computing: concatenation, padding, shapes, slices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from micronas.model.graph import DType, Graph
from micronas.model.op_attributes import (
    Concatenation,
    SplitOp,
    StridedSlice,
)
from tests.support.graph_builder import GraphBuilder
from tests.support.random_parts import (
    chance,
    int8_values,
    pick,
    random_quant,
    random_shape,
)

Rng = np.random.Generator


def concatenation(rng: Rng) -> Graph:
    rank = int(rng.integers(2, 5))
    axis = int(rng.integers(1, rank))
    base, quant = random_shape(rng, rank), random_quant(rng)
    b = GraphBuilder()
    widths = [int(v) for v in rng.integers(1, 6, int(rng.integers(1, 5)))]
    parts = [b.input((*base[:axis], width, *base[axis + 1 :]), quant) for width in widths]
    y = b.value((*base[:axis], sum(widths), *base[axis + 1 :]), quant)
    b.op("CONCATENATION", parts, [y], Concatenation(axis - rank if chance(rng, 0.3) else axis))
    return b.graph([y])


def pad(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        shape, quant = random_shape(rng, int(rng.integers(2, 5))), random_quant(rng)
        amounts = rng.integers(0, 4, (len(shape), 2))
        amounts[0] = 0
        b = GraphBuilder()
        x = b.input(shape, quant)
        inputs = [x, b.constant(amounts, DType.INT32)]
        if kind == "PADV2":
            inputs.append(b.constant(int8_values(rng, ()), DType.INT8, quant))
        y = b.value(tuple(int(d + a.sum()) for d, a in zip(shape, amounts, strict=True)), quant)
        b.op(kind, inputs, [y])
        return b.graph([y])

    return case


def reshape(rng: Rng) -> Graph:
    shape, quant = random_shape(rng, 4), random_quant(rng)
    target = pick(rng, (1, int(np.prod(shape))), (1, shape[1] * shape[2], shape[3]), (1, shape[1], -1))
    elements = int(np.prod(shape))
    solved = tuple(elements // -int(np.prod(target)) if d == -1 else d for d in target)
    b = GraphBuilder()
    x = b.input(shape, quant)
    inputs = [x] if chance(rng, 0.2) else [x, b.constant(target, DType.INT32)]
    y = b.value(solved, quant)
    b.op("RESHAPE", inputs, [y])
    return b.graph([y])


def squeeze(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    shape = (1, *(1 if chance(rng, 0.5) else d for d in random_shape(rng, 3)[1:]), 1)
    x = b.input(shape, quant)
    y = b.value((1, *(d for d in shape[1:-1] if d != 1 or chance(rng, 0.3))), quant)
    b.op("SQUEEZE", [x], [y])
    return b.graph([y])


def expand_dims(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    shape = random_shape(rng, int(rng.integers(2, 4)))
    axis = int(rng.integers(1, len(shape) + 1))
    x = b.input(shape, quant)
    written = axis - len(shape) - 1 if chance(rng, 0.3) else axis
    y = b.value((*shape[:axis], 1, *shape[axis:]), quant)
    b.op("EXPAND_DIMS", [x, b.constant(written, DType.INT32)], [y])
    return b.graph([y])


def transpose(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    shape = random_shape(rng, int(rng.integers(2, 5)))
    order = [0, *(int(v) + 1 for v in rng.permutation(len(shape) - 1))]
    x = b.input(shape, quant)
    y = b.value(tuple(shape[i] for i in order), quant)
    b.op("TRANSPOSE", [x, b.constant(order, DType.INT32)], [y])
    return b.graph([y])


def strided_slice(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    shape = random_shape(rng, int(rng.integers(2, 5)), 8)
    begin, end, strides, result = [], [], [], []
    begin_mask = end_mask = shrink_mask = 0
    for i, dim in enumerate(shape):
        start = int(rng.integers(0, dim))
        stop = int(rng.integers(start + 1, dim + 1))
        step = int(rng.integers(1, 4)) * (1 if chance(rng, 0.8) else -1)
        if step < 0:
            start, stop = stop - 1, start - 1
            stop = stop if stop >= 0 else -dim - 1
        if i and chance(rng, 0.2):
            shrink_mask, step = shrink_mask | 1 << i, 1
            stop = start + 1
        elif chance(rng, 0.2):
            begin_mask |= 1 << i
        elif chance(rng, 0.2):
            end_mask |= 1 << i
        first = None if begin_mask >> i & 1 else start
        last = None if end_mask >> i & 1 or stop == -dim - 1 else stop
        if not shrink_mask >> i & 1:
            result.append(len(range(dim)[first:last:step]))
        if first is not None and step > 0 and start and chance(rng, 0.2):
            start -= dim
            stop = start + 1 if shrink_mask >> i & 1 else stop
        begin.append(start)
        end.append(stop)
        strides.append(step)
    x = b.input(shape, quant)
    constants = [b.constant(v, DType.INT32) for v in (begin, end, strides)]
    y = b.value(tuple(result), quant)
    b.op(
        "STRIDED_SLICE",
        [x, *constants],
        [y],
        StridedSlice(begin_mask, end_mask, shrink_axis_mask=shrink_mask),
    )
    return b.graph([y])


def split(rng: Rng) -> Graph:
    quant, b = random_quant(rng), GraphBuilder()
    rank, parts = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    axis, shape = int(rng.integers(1, rank)), list(random_shape(rng, rank))
    axis_tensor = b.constant(axis - rank if chance(rng, 0.3) else axis, DType.INT32)
    part = tuple(shape)
    shape[axis] *= parts
    x = b.input(tuple(shape), quant)
    ys = [b.value(part, quant) for _ in range(parts)]
    b.op("SPLIT", [axis_tensor, x], ys, SplitOp(parts))
    return b.graph(ys)
