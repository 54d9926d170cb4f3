"""Ops on single values: int8 -> int8 functions by table, PRELU, QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

from typing import Any

import numpy as np

from micronas.model.fixed_point.lookup_tables import byte_table
from micronas.model.fixed_point.multiplier import multiply_by_quantized_multiplier
from micronas.model.fixed_point.op_parameters import product_requant, rescale_requant
from micronas.model.graph import DType, Graph, Op
from micronas.model.interpreter.kernel import (
    Array,
    Kernel,
    data_of,
    input_tensor,
    output_tensor,
    quant_of,
)


def prepare_table(graph: Graph, op: Op) -> Kernel:
    """RELU, RELU6, LEAKY_RELU, LOGISTIC, TANH, HARD_SWISH, and QUANTIZE between int8 and uint8."""
    output = output_tensor(graph, op)
    table = byte_table(op.kind, input_tensor(graph, op), output, op.attrs)

    def run(values: list[Any]) -> list[Array]:
        return [table[values[0].view(np.int8).astype(np.intp) + 128].view(output.dtype.value)]

    return run


def prepare_quantize(graph: Graph, op: Op) -> Kernel:
    """QUANTIZE from int8 or uint8 (a rescaling) or from float32 (at an input of the graph)."""
    if input_tensor(graph, op).dtype is not DType.FLOAT32:
        return prepare_table(graph, op)
    output = quant_of(output_tensor(graph, op))
    scale, zero_point = np.float32(output.scale[0]), output.zero_point[0]

    def run(values: list[Any]) -> list[Array]:
        real = values[0] / scale
        rounded = np.copysign(np.floor(np.abs(real.astype(np.float64)) + 0.5), real)
        return [np.clip(rounded + zero_point, -128, 127).astype(np.int8)]

    return run


def prepare_dequantize(graph: Graph, op: Op) -> Kernel:
    """DEQUANTIZE to float32 (at an output of the graph)."""
    source = quant_of(input_tensor(graph, op))

    def run(values: list[Any]) -> list[Array]:
        centred = values[0].astype(np.int32) - source.zero_point[0]
        return [(source.scale[0] * centred).astype(np.float32)]

    return run


def prepare_prelu(graph: Graph, op: Op) -> Kernel:
    """PRELU: f(x - zp_x) above zero, g((x - zp_x) * (alpha - zp_alpha)) below, alpha broadcast."""
    source, slope = quant_of(input_tensor(graph, op)), quant_of(input_tensor(graph, op, 1))
    output = quant_of(output_tensor(graph, op))
    above, below = rescale_requant(source, output), product_requant(source, slope, output)
    alpha = data_of(graph, op, 1).astype(np.int64) - slope.zero_point[0]

    def run(values: list[Any]) -> list[Array]:
        centred = values[0].astype(np.int64) - source.zero_point[0]
        positive = multiply_by_quantized_multiplier(centred, above.multiplier, above.shift)
        negative = multiply_by_quantized_multiplier(centred * alpha, below.multiplier, below.shift)
        result = np.where(centred >= 0, positive, negative) + output.zero_point[0]
        return [np.clip(result, -128, 127).astype(np.int8)]

    return run
