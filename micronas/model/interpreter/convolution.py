"""CONV_2D: windows gathered into rows, one matrix product per group, in float if that is exact.

With sum(w) * zero_point folded into the bias, raw int8 inputs are multiplied; padding then has the input's
zero point, which contributes nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from micronas.model.fixed_point.multiplier import activation_range, conv_multipliers
from micronas.model.graph import Graph, Op
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
from micronas.model.op_attributes import Conv2D
from micronas.model.window import window_padding


def prepare(graph: Graph, op: Op) -> Kernel:
    """CONV_2D with any stride, dilation, padding, and groups if the weights' depth implies them."""
    attrs = op.attrs
    assert isinstance(attrs, Conv2D)
    x, y = input_tensor(graph, op), output_tensor(graph, op)
    source, output = quant_of(x), quant_of(y)
    weights = data_of(graph, op, 1)
    channels, kernel_h, kernel_w, depth = weights.shape
    groups = x.shape[3] // depth
    windows = Windows(graph, op, (kernel_h, kernel_w))
    product = GroupedProduct(weights.reshape(channels, -1), groups)
    bias = folded_bias(weights.reshape(channels, -1), optional_data(graph, op, 2), source.zero_point[0])
    multiplier, shift = conv_multipliers(source, quant_of(input_tensor(graph, op, 1)), output)
    stage = OutputStage(multiplier, shift, output.zero_point[0], *activation_range(attrs.activation, output))

    def run(values: list[Array]) -> list[Array]:
        rows = windows(values[0].reshape(-1, *x.shape[1:]).astype(product.dtype))
        acc = product(rows.reshape(-1, kernel_h * kernel_w, groups, depth))
        acc += bias
        return [stage(acc).reshape(-1, *y.shape)]

    return run


def folded_bias(weights: Array, bias: Array | None, zero_point: int) -> Array:
    """bias - zero_point * sum of weights, per row of ``weights`` (channels, terms)."""
    folded: Array = -zero_point * weights.astype(np.int64).sum(axis=1)
    return folded if bias is None else folded + bias.astype(np.int64)


def largest_product_sum(weights: Array) -> int:
    """Bound of any partial sum of int8 inputs times ``weights`` (channels, terms)."""
    return 128 * int(np.abs(weights.astype(np.int64)).sum(axis=1).max(initial=0))


class GroupedProduct:
    """Rows (n, window, groups, depth) times weights (channels, window * depth), exact in int64."""

    def __init__(self, weights: Array, groups: int) -> None:
        self.dtype = exact_float(largest_product_sum(weights))
        self._groups = groups
        per_group = weights.reshape(groups, -1, weights.shape[1]).astype(self.dtype)
        self._weights = [np.ascontiguousarray(w.T) for w in per_group]

    def __call__(self, rows: Array) -> Array:
        """Accumulators (n, channels)."""
        count = len(rows)
        parts = [rows[:, :, g, :].reshape(count, -1) @ self._weights[g] for g in range(self._groups)]
        joined: Array = parts[0] if self._groups == 1 else np.concatenate(parts, axis=1)
        return joined.astype(np.int64)


class Windows:
    """(n, H, W, C) -> (n, OH, OW, KH, KW, C) of the padded input, strided and dilated."""

    def __init__(self, graph: Graph, op: Op, kernel: tuple[int, int]) -> None:
        attrs = op.attrs
        x, y = input_tensor(graph, op), output_tensor(graph, op)
        self._kernel = kernel
        self._stride = (attrs.stride_h, attrs.stride_w)  # type: ignore[union-attr]
        self._dilation = (getattr(attrs, "dilation_h", 1), getattr(attrs, "dilation_w", 1))
        self._size = y.shape[1:3]
        self._fill = quant_of(x).zero_point[0]
        self._pad = tuple(
            window_padding(x.shape[1 + i], y.shape[1 + i], kernel[i], self._stride[i], self._dilation[i])
            for i in (0, 1)
        )

    def __call__(self, x: Array) -> Array:
        """The windows of ``x`` (n, H, W, C); for a 1x1 kernel without stride, ``x`` itself."""
        if self._kernel == (1, 1) and self._stride == (1, 1):
            return x
        padded = x
        if any(sum(pair) for pair in self._pad):
            padded = np.pad(x, ((0, 0), *self._pad, (0, 0)), constant_values=self._fill)
        span = tuple((k - 1) * d + 1 for k, d in zip(self._kernel, self._dilation, strict=True))
        view = sliding_window_view(padded, span, axis=(1, 2))  # type: ignore[call-overload]
        (stride_h, stride_w), (dilation_h, dilation_w) = self._stride, self._dilation
        view = view[:, ::stride_h, ::stride_w, :, ::dilation_h, ::dilation_w]
        view = view[:, : self._size[0], : self._size[1]]
        return np.ascontiguousarray(view.transpose(0, 1, 2, 4, 5, 3))
