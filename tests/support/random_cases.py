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
    Reduce,
    ResizeBilinear,
    ResizeNearest,
)
from tests.support.graph_builder import GraphBuilder
from tests.support.random_moves import pack, reduce_max, reverse, split_v, tile, unpack
from tests.support.random_parts import (
    chance,
    pick,
    random_quant,
    random_shape,
    rescaled,
    spread,
)
from tests.support.random_pointwise import (
    binary,
    dequantize,
    gelu,
    hard_swish_output,
    log_softmax,
    prelu,
    quantize,
    softmax,
    unary,
)
from tests.support.random_recurrent import sequence_lstm, svdf
from tests.support.random_shapes import (
    concatenation,
    expand_dims,
    pad,
    reshape,
    split,
    squeeze,
    strided_slice,
    transpose,
)
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


CASES: dict[str, Callable[[Rng], Graph]] = {
    "ADD": binary("ADD"),
    "ARG_MAX": arg_max,
    "ASSIGN_VARIABLE": assign_variable,
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "BATCH_MATMUL": batch_matmul,
    "CONCATENATION": concatenation,
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "DEQUANTIZE": dequantize,
    "ELU": unary("ELU", rescaled),
    "EXPAND_DIMS": expand_dims,
    "FULLY_CONNECTED": fully_connected,
    "GELU": gelu,
    "HARD_SWISH": unary("HARD_SWISH", hard_swish_output),
    "LEAKY_RELU": unary("LEAKY_RELU", rescaled),
    "LOGISTIC": unary("LOGISTIC", lambda rng, quant: Quant((1 / 256,), (-128,))),
    "LOG_SOFTMAX": log_softmax,
    "MAXIMUM": binary("MAXIMUM"),
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "MEAN": _reduce("MEAN"),
    "MINIMUM": binary("MINIMUM"),
    "MUL": binary("MUL"),
    "PACK": pack,
    "PAD": pad("PAD"),
    "PADV2": pad("PADV2"),
    "PRELU": prelu,
    "QUANTIZE": quantize,
    "READ_VARIABLE": read_variable,
    "REDUCE_MAX": reduce_max,
    "RELU": unary("RELU", rescaled),
    "RELU6": unary("RELU6", lambda rng, quant: quant),
    "RESHAPE": reshape,
    "RESIZE_BILINEAR": resize_bilinear,
    "RESIZE_NEAREST_NEIGHBOR": resize_nearest_neighbor,
    "REVERSE_V2": reverse,
    "SOFTMAX": softmax,
    "SPLIT": split,
    "SPLIT_V": split_v,
    "SQUEEZE": squeeze,
    "STRIDED_SLICE": strided_slice,
    "SUB": binary("SUB"),
    "SUM": _reduce("SUM"),
    "SVDF": svdf,
    "TANH": unary("TANH", lambda rng, quant: Quant((1 / 128,), (0,))),
    "TILE": tile,
    "TRANSPOSE": transpose,
    "TRANSPOSE_CONV": transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": sequence_lstm,
    "UNPACK": unpack,
}


def random_case(kind: str, rng: Rng) -> Graph:
    """A random network of the one op ``kind`` (TFLite's name), ready for ``write`` and ``run_tflm``."""
    return CASES[kind](rng)
