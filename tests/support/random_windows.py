"""Random convolutions, dense layers and pools: odd sizes, asymmetric SAME padding, strides over kernels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from micronas.model.graph import ABSENT, DType, Graph, Quant
from micronas.model.op_attributes import (
    BatchMatMul,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Padding,
    Pool2D,
    TransposeConv,
)
from tests.support.graph_builder import GraphBuilder, float32
from tests.support.random_parts import (
    chance,
    int8_values,
    pick,
    random_activation,
    random_quant,
    random_shape,
    spread,
)

Rng = np.random.Generator


def _same_or_valid(size: int, kernel: int, stride: int, padding: Padding) -> int:
    return -(-size // stride) if padding is Padding.SAME else -(-(size - kernel + 1) // stride)


class Weighted:
    """Scales, weights, bias and output quantization of a convolution or dense layer."""

    def __init__(
        self, rng: Rng, b: GraphBuilder, x: Quant, shape: tuple[int, ...], axis: int, terms: int
    ) -> None:
        channels = shape[axis]
        per_channel = channels > 1 and chance(rng, 0.7)
        scales = 10.0 ** rng.uniform(-3, -1) * rng.uniform(0.2, 1.0, channels if per_channel else 1)
        scale = tuple(float32(s) for s in scales)
        self.weights = b.constant(
            int8_values(rng, shape), DType.INT8, Quant(scale, (0,) * len(scale), axis if per_channel else 0)
        )
        bias_scale = tuple(float32(np.float32(x.scale[0]) * np.float32(s)) for s in scale)
        magnitude = 4000.0 * np.sqrt(terms)
        bias = rng.integers(-int(magnitude), int(magnitude) + 1, channels)
        bias_quant = Quant(bias_scale, (0,) * len(scale))
        self.bias = ABSENT if chance(rng, 0.2) else b.constant(bias, DType.INT32, bias_quant)
        self.output = random_quant(rng, x.scale[0] * float(np.mean(scales)) * magnitude / 64.0 * spread(rng))

    def inputs(self, x: int) -> list[int]:
        return [x, self.weights] if self.bias == ABSENT else [x, self.weights, self.bias]


def _window(rng: Rng) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int], Padding]:
    """Sizes, kernel, strides, dilations, padding such that the output is not empty."""
    padding = pick(rng, Padding.SAME, Padding.VALID)
    kernel = rng.integers(1, 6, 2)
    stride = rng.integers(1, 4, 2)
    dilation = rng.integers(1, 4, 2) if chance(rng, 0.2) else np.array([1, 1])
    size = rng.integers(1, 11, 2)
    if padding is Padding.VALID:
        size = np.maximum(size, (kernel - 1) * dilation + 1)
    pairs = [(int(v[0]), int(v[1])) for v in (size, kernel, stride, dilation)]
    return pairs[0], pairs[1], pairs[2], pairs[3], padding


def _output_hw(size, kernel, stride, dilation, padding) -> tuple[int, int]:
    h, w = (
        _same_or_valid(s, (k - 1) * d + 1, t, padding)
        for s, k, t, d in zip(size, kernel, stride, dilation, strict=True)
    )
    return h, w


def conv_2d(rng: Rng) -> Graph:
    size, kernel, stride, dilation, padding = _window(rng)
    groups = pick(rng, 1, 1, 1, 2, 3)
    filter_in, per_group = int(rng.integers(1, 12)), int(rng.integers(1, 8))
    b, x_quant = GraphBuilder(), random_quant(rng)
    x = b.input((1, *size, filter_in * groups), x_quant)
    terms = kernel[0] * kernel[1] * filter_in
    w = Weighted(rng, b, x_quant, (per_group * groups, *kernel, filter_in), 0, terms)
    y = b.value((1, *_output_hw(size, kernel, stride, dilation, padding), per_group * groups), w.output)
    b.op("CONV_2D", w.inputs(x), [y], Conv2D(*stride, padding, random_activation(rng), *dilation))
    return b.graph([y])


def depthwise_conv_2d(rng: Rng) -> Graph:
    size, kernel, stride, dilation, padding = _window(rng)
    channels, multiplier = int(rng.integers(1, 12)), pick(rng, 1, 1, 1, 2, 3, 8)
    b, x_quant = GraphBuilder(), random_quant(rng)
    x = b.input((1, *size, channels), x_quant)
    w = Weighted(rng, b, x_quant, (1, *kernel, channels * multiplier), 3, kernel[0] * kernel[1])
    y = b.value((1, *_output_hw(size, kernel, stride, dilation, padding), channels * multiplier), w.output)
    attrs = DepthwiseConv2D(multiplier, *stride, padding, random_activation(rng), *dilation)
    b.op("DEPTHWISE_CONV_2D", w.inputs(x), [y], attrs)
    return b.graph([y])


def fully_connected(rng: Rng) -> Graph:
    keep_num_dims = chance(rng, 0.2)
    shape = random_shape(rng, 3) if keep_num_dims else (1, int(rng.integers(1, 70)))
    units = int(rng.integers(1, 20))
    b, x_quant = GraphBuilder(), random_quant(rng)
    x = b.input(shape, x_quant)
    w = Weighted(rng, b, x_quant, (units, shape[-1]), 0, shape[-1])
    y = b.value((*shape[:-1], units), w.output)
    b.op("FULLY_CONNECTED", w.inputs(x), [y], FullyConnected(random_activation(rng), keep_num_dims))
    return b.graph([y])


def transpose_conv(rng: Rng) -> Graph:
    _, kernel, stride, _, padding = _window(rng)
    size = tuple(int(v) for v in rng.integers(1, 7, 2))
    in_c, out_c, b, x_quant = (
        int(rng.integers(1, 9)),
        int(rng.integers(1, 7)),
        GraphBuilder(),
        random_quant(rng),
    )
    result = tuple(
        s * t - int(rng.integers(0, t)) if padding is Padding.SAME else (s - 1) * t + k
        for s, t, k in zip(size, stride, kernel, strict=True)
    )
    shape = b.constant((1, *result, out_c), DType.INT32)
    x = b.input((1, *size, in_c), x_quant)
    w = Weighted(rng, b, x_quant, (out_c, *kernel, in_c), 0, kernel[0] * kernel[1] * in_c)
    y = b.value((1, *result, out_c), w.output)
    inputs = [shape, w.weights, x] + ([] if w.bias == ABSENT else [w.bias])
    b.op("TRANSPOSE_CONV", inputs, [y], TransposeConv(*stride, padding))
    return b.graph([y])


def batch_matmul(rng: Rng) -> Graph:
    rows, depth, columns = (int(v) for v in rng.integers(1, 9, 3))
    batch = random_shape(rng, int(rng.integers(1, 4)), 3)
    adj_x, adj_y, constant = chance(rng, 0.3), chance(rng, 0.3), chance(rng, 0.4)
    quant1, quant2 = random_quant(rng), random_quant(rng)
    out = random_quant(rng, quant1.scale[0] * quant2.scale[0] * 100.0 * float(np.sqrt(depth)) * spread(rng))
    narrow = tuple(1 for _ in batch) if chance(rng, 0.3) else batch
    shape1 = (*batch, *((depth, rows) if adj_x else (rows, depth)))
    shape2 = (*narrow, *((columns, depth) if adj_y else (depth, columns)))
    b = GraphBuilder()
    x1 = b.input(shape1, quant1)
    x2 = b.constant(int8_values(rng, shape2), DType.INT8, quant2) if constant else b.input(shape2, quant2)
    y = b.value((*batch, rows, columns), out)
    b.op("BATCH_MATMUL", [x1, x2], [y], BatchMatMul(adj_x, adj_y))
    return b.graph([y])


def pool(kind: str) -> Callable[[Rng], Graph]:
    def case(rng: Rng) -> Graph:
        size, kernel, stride, _, padding = _window(rng)
        size = (max(size[0], kernel[0]), max(size[1], kernel[1])) if padding is Padding.VALID else size
        channels, quant = int(rng.integers(1, 10)), random_quant(rng)
        b = GraphBuilder()
        x = b.input((1, *size, channels), quant)
        y = b.value((1, *_output_hw(size, kernel, stride, (1, 1), padding), channels), quant)
        b.op(kind, [x], [y], Pool2D(*kernel, *stride, padding, random_activation(rng)))
        return b.graph([y])

    return case
