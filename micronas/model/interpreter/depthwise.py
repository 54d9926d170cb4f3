"""DEPTHWISE_CONV_2D: one shifted multiply-add per kernel tap, over all channels at once."""

from __future__ import annotations

import numpy as np

from micronas.model.fixed_point.multiplier import activation_range, conv_multipliers
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
from micronas.model.op_attributes import DepthwiseConv2D
from micronas.model.window import window_padding


def prepare(graph: Graph, op: Op) -> Kernel:
    """DEPTHWISE_CONV_2D; output channel c * multiplier + m reads input channel c."""
    attrs = op.attrs
    assert isinstance(attrs, DepthwiseConv2D)
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    source, output = quant_of(x), quant_of(y)
    weights = data_of(graph, op, 1)[0]
    per_channel = weights.reshape(-1, weights.shape[-1]).T
    dtype = exact_float(largest_product_sum(per_channel))
    taps = weights.astype(dtype)
    bias = folded_bias(per_channel, optional_data(graph, op, 2), source.zero_point[0])
    multiplier, shift = conv_multipliers(source, quant_of(input_tensor(graph, op, 1)), output)
    stage = OutputStage(multiplier, shift, output.zero_point[0], *activation_range(attrs.activation, output))
    pad_h = window_padding(x.shape[1], y.shape[1], weights.shape[0], attrs.stride_h, attrs.dilation_h)
    pad_w = window_padding(x.shape[2], y.shape[2], weights.shape[1], attrs.stride_w, attrs.dilation_w)

    def run(values: list[Array]) -> list[Array]:
        padded = np.pad(
            values[0].reshape(-1, *x.shape[1:]).astype(dtype),
            ((0, 0), pad_h, pad_w, (0, 0)),
            constant_values=source.zero_point[0],
        )
        if attrs.depth_multiplier > 1:
            padded = np.repeat(padded, attrs.depth_multiplier, axis=3)
        acc = _sum_of_taps(padded, taps, attrs, (y.shape[1], y.shape[2])).astype(np.int64)
        acc += bias
        return [stage(acc).reshape(-1, *y.shape)]

    return run


def _sum_of_taps(padded: Array, taps: Array, attrs: DepthwiseConv2D, size: tuple[int, int]) -> Array:
    """Sum over the kernel of shifted input times that tap's channel vector, (n, OH, OW, C)."""
    acc = np.zeros((len(padded), *size, padded.shape[3]), taps.dtype)
    product = np.empty_like(acc)
    reach_h, reach_w = (size[0] - 1) * attrs.stride_h + 1, (size[1] - 1) * attrs.stride_w + 1
    for row in range(taps.shape[0]):
        for column in range(taps.shape[1]):
            top, left = row * attrs.dilation_h, column * attrs.dilation_w
            window = padded[:, top : top + reach_h : attrs.stride_h, left : left + reach_w : attrs.stride_w]
            np.multiply(window, taps[row, column], out=product)
            acc += product
    return acc
