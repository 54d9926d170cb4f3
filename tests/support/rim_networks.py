"""Networks with an int8 body and inputs and outputs of another type, as converters make them."""

from __future__ import annotations

import numpy as np

from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import Activation, FullyConnected
from tests.support.graph_builder import GraphBuilder, float32

INPUT, OUTPUT = Quant((float32(0.02),), (3,)), Quant((float32(0.11),), (19,))


def rim_network(dtype: DType, seed: int = 0) -> Graph:
    """One dense layer of 10 -> 7 between QUANTIZE and QUANTIZE (uint8) or DEQUANTIZE (float)."""
    rng, b = np.random.default_rng(seed), GraphBuilder()
    x = b.input((1, 10), _of(INPUT, dtype), dtype)
    weights = b.constant(rng.integers(-127, 128, (7, 10)), DType.INT8, Quant((float32(0.01),), (0,)))
    q, r = b.value((1, 10), INPUT), b.value((1, 7), OUTPUT)
    y = b.value((1, 7), _of(OUTPUT, dtype), dtype)
    b.op("QUANTIZE", [x], [q])
    b.op("FULLY_CONNECTED", [q, weights, -1], [r], FullyConnected(Activation.NONE))
    b.op("DEQUANTIZE" if dtype is DType.FLOAT32 else "QUANTIZE", [r], [y])
    return b.graph([y], f"rim_{dtype.value}")


def _of(quant: Quant, dtype: DType) -> Quant | None:
    """The quantization of the same real values in uint8, whose zero point is 128 higher."""
    return Quant(quant.scale, (quant.zero_point[0] + 128,)) if dtype is DType.UINT8 else None
