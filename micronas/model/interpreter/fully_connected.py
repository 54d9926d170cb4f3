"""FULLY_CONNECTED, per tensor and per channel."""

from __future__ import annotations

import numpy as np

from micronas.model.fixed_point.multiplier import activation_range, fully_connected_multipliers
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.convolution import folded_bias, largest_product_sum
from micronas.model.interpreter.kernel import (
    Array,
    Kernel,
    data_of,
    exact_float,
    input_tensor,
    optional_data,
    output_tensor,
    quant_of,
)
from micronas.model.interpreter.requantize import OutputStage
from micronas.model.op_attributes import FullyConnected


def prepare(graph: Graph, op: Op) -> Kernel:
    """FULLY_CONNECTED on the input's last dimension(s) flattened to the weights' depth."""
    attrs = op.attrs
    assert isinstance(attrs, FullyConnected)
    source, y = quant_of(input_tensor(graph, op)), output_tensor(graph, op)
    output = quant_of(y)
    weights = data_of(graph, op, 1)
    dtype = exact_float(largest_product_sum(weights))
    columns = np.ascontiguousarray(weights.T.astype(dtype))
    bias = folded_bias(weights, optional_data(graph, op, 2), source.zero_point[0])
    multiplier, shift = fully_connected_multipliers(source, quant_of(input_tensor(graph, op, 1)), output)
    stage = OutputStage(multiplier, shift, output.zero_point[0], *activation_range(attrs.activation, output))

    def run(values: list[Array]) -> list[Array]:
        rows = values[0].reshape(-1, weights.shape[1]).astype(dtype)
        acc = (rows @ columns).astype(np.int64)
        acc += bias
        return [stage(acc).reshape(-1, *y.shape)]

    return run
