"""TRANSPOSE_CONV: each tap of the kernel adds a strided plane to the output."""

from __future__ import annotations

from typing import Any

import numpy as np

from micronas.model.fixed_point.multiplier import conv_multipliers, wrap_int32
from micronas.model.graph import Graph, Op
from micronas.model.interpreter.kernel import (
    Array,
    Kernel,
    data_of,
    input_tensor,
    optional_data,
    output_tensor,
    quant_of,
)
from micronas.model.interpreter.requantize import OutputStage
from micronas.model.op_attributes import TransposeConv
from micronas.model.window import window_padding


def prepare(graph: Graph, op: Op) -> Kernel:
    """TRANSPOSE_CONV by the padding of the convolution that it transposes."""
    attrs = op.attrs
    assert isinstance(attrs, TransposeConv)
    x, y = input_tensor(graph, op, 2), output_tensor(graph, op)
    source, output = quant_of(x), quant_of(y)
    weights = data_of(graph, op, 1).astype(np.int64)
    strides, taps = (attrs.stride_h, attrs.stride_w), weights.shape[1:3]
    pads = [window_padding(y.shape[1 + i], x.shape[1 + i], taps[i], strides[i])[0] for i in (0, 1)]
    bias = optional_data(graph, op, 3)
    multiplier, shift = conv_multipliers(source, quant_of(input_tensor(graph, op, 1)), output)
    stage = OutputStage(multiplier, shift, output.zero_point[0], -128, 127)

    def run(values: list[Any]) -> list[Array]:
        image = values[2].reshape(-1, *x.shape[1:]).astype(np.int64) - source.zero_point[0]
        full = [(x.shape[1 + i] - 1) * strides[i] + taps[i] for i in (0, 1)]
        size = [max(full[i], pads[i] + y.shape[1 + i]) for i in (0, 1)]
        acc = np.zeros((len(image), *size, weights.shape[0]), np.int64)
        for top in range(taps[0]):
            for left in range(taps[1]):
                plane = acc[:, top : top + full[0] - taps[0] + 1, left : left + full[1] - taps[1] + 1]
                plane[:, :: strides[0], :: strides[1]] += image @ weights[:, top, left].T
        acc = acc[:, pads[0] : pads[0] + y.shape[1], pads[1] : pads[1] + y.shape[2]]
        total = wrap_int32(acc if bias is None else acc + bias.astype(np.int64))
        return [stage(total).reshape(-1, *y.shape)]

    return run
