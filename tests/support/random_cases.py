"""Random one-op graphs: all that the field's converters can emit, and the corners besides.

    rng = np.random.default_rng(7)
    graph = random_case("CONV_2D", rng)           # weights, scales, shapes, options: all random

Zero points lie at the ends, and rescaling is by much less and by more than one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import (
    Activation,
    Binary,
    Concatenation,
    Gelu,
    LeakyRelu,
    NoAttrs,
    Reduce,
    ResizeBilinear,
    ResizeNearest,
    Softmax,
    SplitOp,
    StridedSlice,
)
from tests.support.graph_builder import GraphBuilder, float32
from tests.support.random_moves import reduce_max, split_v, tile, unpack
from tests.support.random_parts import (
    chance,
    int8_values,
    pick,
    random_activation,
    random_quant,
    random_shape,
    rescaled,
    spread,
)
from tests.support.random_recurrent import sequence_lstm, svdf
from tests.support.random_states import assign_variable, read_variable
from tests.support.random_windows import (
    batch_matmul,
    conv_2d,
    depthwise_conv_2d,
    fully_connected,
    pool,
    transpose_conv,
)

Rng = np.random.Generator


def _reduce(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        rank = int(rng.integers(2, 5))
        shape = random_shape(rng, rank, 9)
        count = int(rng.integers(1, rank))
        axes = sorted(int(a) for a in rng.choice(np.arange(1, rank), count, replace=False))
        if rank == 4 and chance(rng, 0.5):
            axes = [1, 2]
        keep = chance(rng, 0.5)
        result = tuple(1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes)
        quant = random_quant(rng)
        elements = float(np.prod([shape[a] for a in axes])) if kind == "SUM" else 1.0
        out = quant if chance(rng, 0.2) else random_quant(rng, quant.scale[0] * elements * spread(rng))
        b = GraphBuilder()
        x = b.input(shape, quant)
        written = [a - rank if chance(rng, 0.2) else a for a in axes]
        axis = b.constant(np.array(written), DType.INT32)
        y = b.value(result, out)
        b.op(kind, [x, axis], [y], Reduce(keep))
        return b.graph([y])

    return case


def _broadcast_shapes(rng: Rng) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Two shapes and what they broadcast to; equal ones half of the time."""
    full = random_shape(rng, int(rng.integers(1, 5)))
    if chance(rng, 0.5):
        return full, full, full
    one = tuple(1 if chance(rng, 0.4) else d for d in full)
    two = tuple(1 if chance(rng, 0.4) else d for d in full)
    result = tuple(max(p, q) for p, q in zip(one, two, strict=True))
    return (one, two, result) if chance(rng, 0.5) else (two, one, result)


def _binary(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        shape1, shape2, result = _broadcast_shapes(rng)
        quant1, quant2 = random_quant(rng), random_quant(rng)
        natural = quant1.scale[0] + quant2.scale[0]
        if kind == "MUL":
            natural = quant1.scale[0] * quant2.scale[0] * 100.0
        out = random_quant(rng, natural * spread(rng))
        if kind in ("MAXIMUM", "MINIMUM"):
            quant2 = out = quant1
        b = GraphBuilder()
        x1 = b.input(shape1, quant1)
        constant = chance(rng, 0.3)
        x2 = b.constant(int8_values(rng, shape2), DType.INT8, quant2) if constant else b.input(shape2, quant2)
        y = b.value(result, out)
        activation = Activation.NONE if kind in ("MAXIMUM", "MINIMUM") else random_activation(rng)
        b.op(kind, [x2, x1] if constant and chance(rng, 0.5) else [x1, x2], [y], Binary(activation))
        return b.graph([y])

    return case


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


def _pad(kind: str) -> Callable[[Rng], Graph]:
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


def softmax(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, int(rng.integers(2, 5)), 12)
    x = b.input(shape, random_quant(rng, 10.0 ** rng.uniform(-4, 1.5)))
    y = b.value(shape, Quant((1 / 256,), (-128,)))
    b.op("SOFTMAX", [x], [y], Softmax(float32(pick(rng, 1.0, 1.0, rng.uniform(0.1, 3.0)))))
    return b.graph([y])


def _unary(kind: str, output: Callable[[Rng, Quant], Quant]) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        b, shape = GraphBuilder(), (1, int(rng.integers(1, 200)))
        quant = random_quant(rng, 10.0 ** rng.uniform(-3, 1))
        x = b.input(shape, quant)
        y = b.value(shape, output(rng, quant))
        attrs = LeakyRelu(float32(rng.uniform(0.0, 1.5))) if kind == "LEAKY_RELU" else NoAttrs()
        b.op(kind, [x], [y], attrs)
        return b.graph([y])

    return case


def _hard_swish_output(rng: Rng, quant: Quant) -> Quant:
    """TFLite Micro refuses an output scale below 1/128 of the input's."""
    out = rescaled(rng, quant)
    return Quant((max(out.scale[0], float32(quant.scale[0] / 100.0)),), out.zero_point)


def prelu(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, 4)
    quant, alpha_quant = random_quant(rng), random_quant(rng, 10.0 ** rng.uniform(-3, -1))
    x = b.input(shape, quant)
    alpha_shape = pick(rng, (1, 1, shape[3]), (1, 1, 1, shape[3]), shape, shape[1:])
    alpha = b.constant(int8_values(rng, alpha_shape), DType.INT8, alpha_quant)
    y = b.value(shape, rescaled(rng, quant))
    b.op("PRELU", [x, alpha], [y])
    return b.graph([y])


def quantize(rng: Rng) -> Graph:
    b, shape, quant = GraphBuilder(), random_shape(rng, 3), random_quant(rng)
    source, result = pick(
        rng, *(["float32", "int8"],) * 2, ["uint8", "int8"], ["int8", "uint8"], ["int8"] * 2
    )
    x = b.input(shape, None if source == "float32" else of_type(quant, source), DType(source))
    y_quant = random_quant(rng) if source == "float32" else of_type(rescaled(rng, quant), result)
    y = b.value(shape, y_quant, DType(result))
    b.op("QUANTIZE", [x], [y])
    return b.graph([y])


def of_type(quant: Quant, dtype: str) -> Quant:
    """The same real values as uint8: the zero point is 128 higher."""
    return quant if dtype == "int8" else Quant(quant.scale, (quant.zero_point[0] + 128,))


def dequantize(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, 3)
    x = b.input(shape, random_quant(rng))
    y = b.value(shape, None, DType.FLOAT32)
    b.op("DEQUANTIZE", [x], [y])
    return b.graph([y])


def arg_max(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, int(rng.integers(2, 5)), 9)
    axis = int(rng.integers(1, len(shape)))
    x = b.input(shape, random_quant(rng))
    written = axis - len(shape) if chance(rng, 0.3) else axis
    y = b.value((*shape[:axis], *shape[axis + 1 :]), None, DType.INT32)
    b.op("ARG_MAX", [x, b.constant(written, DType.INT32)], [y])
    return b.graph([y])


def resize_nearest_neighbor(rng: Rng) -> Graph:
    b, shape, quant = GraphBuilder(), random_shape(rng, 4), random_quant(rng)
    size = [int(v) for v in rng.integers(1, 13, 2)]
    align, half = pick(rng, (False, False), (True, False), (False, True))
    x = b.input(shape, quant)
    y = b.value((1, *size, shape[3]), quant)
    b.op("RESIZE_NEAREST_NEIGHBOR", [x, b.constant(size, DType.INT32)], [y], ResizeNearest(align, half))
    return b.graph([y])


def resize_bilinear(rng: Rng) -> Graph:
    b, shape, quant = GraphBuilder(), random_shape(rng, 4), random_quant(rng)
    size = [int(v) for v in rng.integers(1, 13, 2)]
    align, half = pick(rng, (False, False), (True, False), (False, True))
    x = b.input(shape, quant)
    y = b.value((1, *size, shape[3]), quant)
    b.op("RESIZE_BILINEAR", [x, b.constant(size, DType.INT32)], [y], ResizeBilinear(align, half))
    return b.graph([y])


def log_softmax(rng: Rng) -> Graph:
    b, shape = GraphBuilder(), random_shape(rng, int(rng.integers(2, 5)), 12)
    x = b.input(shape, random_quant(rng, 10.0 ** rng.uniform(-4, 1.5)))
    y = b.value(shape, Quant((16 / 256,), (127,)))
    b.op("LOG_SOFTMAX", [x], [y])
    return b.graph([y])


def gelu(rng: Rng) -> Graph:
    b, shape, quant = (
        GraphBuilder(),
        (1, int(rng.integers(1, 200))),
        random_quant(rng, 10.0 ** rng.uniform(-3, 1)),
    )
    x = b.input(shape, quant)
    y = b.value(shape, rescaled(rng, quant))
    b.op("GELU", [x], [y], Gelu(chance(rng, 0.5)))
    return b.graph([y])


CASES: dict[str, Callable[[Rng], Graph]] = {
    "ADD": _binary("ADD"),
    "ARG_MAX": arg_max,
    "ASSIGN_VARIABLE": assign_variable,
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "BATCH_MATMUL": batch_matmul,
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "ELU": _unary("ELU", rescaled),
    "EXPAND_DIMS": expand_dims,
    "FULLY_CONNECTED": fully_connected,
    "GELU": gelu,
    "HARD_SWISH": _unary("HARD_SWISH", _hard_swish_output),
    "LEAKY_RELU": _unary("LEAKY_RELU", rescaled),
    "LOGISTIC": _unary("LOGISTIC", lambda rng, quant: Quant((1 / 256,), (-128,))),
    "LOG_SOFTMAX": log_softmax,
    "MAXIMUM": _binary("MAXIMUM"),
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "MEAN": _reduce("MEAN"),
    "MINIMUM": _binary("MINIMUM"),
    "MUL": _binary("MUL"),
    "PAD": _pad("PAD"),
    "PADV2": _pad("PADV2"),
    "PRELU": prelu,
    "QUANTIZE": quantize,
    "READ_VARIABLE": read_variable,
    "REDUCE_MAX": reduce_max,
    "RELU": _unary("RELU", rescaled),
    "RELU6": _unary("RELU6", lambda rng, quant: quant),
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest_neighbor,
    "SOFTMAX": softmax,
    "SPLIT": split,
    "SPLIT_V": split_v,
    "SQUEEZE": squeeze,
    "STRIDED_SLICE": strided_slice,
    "SUB": _binary("SUB"),
    "SUM": _reduce("SUM"),
    "SVDF": svdf,
    "TANH": _unary("TANH", lambda rng, quant: Quant((1 / 128,), (0,))),
    "TILE": tile,
    "TRANSPOSE": transpose,
    "TRANSPOSE_CONV": transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": sequence_lstm,
    "UNPACK": unpack,
}


def random_case(kind: str, rng: Rng) -> Graph:
    """A random network of the one op ``kind`` (TFLite's name), ready for ``write`` and ``run_tflm``."""
    return CASES[kind](rng)
