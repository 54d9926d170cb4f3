"""One-op graphs for the corners of requantization and padding, for every form of a kernel.

Each convolution, depthwise and dense shape below meets scales that shift the sum to the left, hardly at all,
and so far to the right that nothing is left of it, with zero points at both ends of int8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import Activation, Conv2D, DepthwiseConv2D, FullyConnected, Padding
from tests.support.graph_builder import GraphBuilder, float32

Rng = np.random.Generator
IN_SCALE, WEIGHT_SCALE = 0.05, 0.01
OUT_SCALES = (IN_SCALE * WEIGHT_SCALE / 8, IN_SCALE * WEIGHT_SCALE * 0.9, 0.1, 1e6)
"""Real multipliers of 8 and 1.1 (left shifts), of about 2^-8, and of 2^-31."""
ZERO_POINTS = ((-128, 127), (127, -128))


def _weights(rng: Rng, b: GraphBuilder, shape: tuple[int, ...], axis: int, per_channel: bool) -> list[int]:
    channels = shape[axis] if per_channel else 1
    scales = tuple(float32(s) for s in WEIGHT_SCALE * rng.uniform(0.5, 1.0, channels))
    weights = rng.integers(-127, 128, shape)
    bias = rng.integers(-3000, 3001, shape[axis])
    bias_quant = Quant(tuple(float32(s * IN_SCALE) for s in scales), (0,) * channels)
    return [
        b.constant(weights, DType.INT8, Quant(scales, (0,) * channels, axis if per_channel else 0)),
        b.constant(bias, DType.INT32, bias_quant),
    ]


def _ends(out_scale: float, zero_points: tuple[int, int]) -> tuple[Quant, Quant]:
    return Quant((float32(IN_SCALE),), zero_points[:1]), Quant((float32(out_scale),), zero_points[1:])


def conv(rng: Rng, shape: tuple[int, int, int, int], stride: int, ends: tuple[Quant, Quant]) -> Graph:
    """``shape`` is size, input channels, output channels, kernel."""
    size, in_c, out_c, kernel = shape
    b, out = GraphBuilder(), -(-size // stride)
    x = b.input((1, size, size + 1, in_c), ends[0])
    constants = _weights(rng, b, (out_c, kernel, kernel, in_c), 0, per_channel=out_c % 2 == 0)
    y = b.value((1, out, -(-(size + 1) // stride), out_c), ends[1])
    b.op("CONV_2D", [x, *constants], [y], Conv2D(stride, stride, Padding.SAME, Activation.NONE))
    return b.graph([y])


def depthwise(rng: Rng, shape: tuple[int, int, int], stride: int, ends: tuple[Quant, Quant]) -> Graph:
    """``shape`` is size, channels, kernel."""
    size, channels, kernel = shape
    b, out = GraphBuilder(), -(-size // stride)
    x = b.input((1, size, size + 1, channels), ends[0])
    constants = _weights(rng, b, (1, kernel, kernel, channels), 3, per_channel=True)
    y = b.value((1, out, -(-(size + 1) // stride), channels), ends[1])
    attrs = DepthwiseConv2D(1, stride, stride, Padding.SAME, Activation.NONE)
    b.op("DEPTHWISE_CONV_2D", [x, *constants], [y], attrs)
    return b.graph([y])


def dense(rng: Rng, inputs: int, outputs: int, per_channel: bool, ends: tuple[Quant, Quant]) -> Graph:
    b = GraphBuilder()
    x = b.input((1, inputs), ends[0])
    constants = _weights(rng, b, (outputs, inputs), 0, per_channel)
    y = b.value((1, outputs), ends[1])
    b.op("FULLY_CONNECTED", [x, *constants], [y], FullyConnected(Activation.NONE))
    return b.graph([y])


def _with_ends(rng: Rng, ends: tuple[Quant, Quant]) -> Iterator[Graph]:
    for shape in ((3, 3, 7, 1), (3, 9, 4, 1), (2, 8, 8, 1), (3, 5, 3, 1)):  # pointwise, both directions
        yield conv(rng, shape, 1, ends)
    for shape, stride in (((4, 3, 5, 3), 2), ((5, 1, 4, 3), 1), ((4, 6, 2, 2), 1)):
        yield conv(rng, shape, stride, ends)
    for size, channels, kernel in ((6, 2, 3), (2, 6, 3), (7, 3, 2), (5, 5, 5)):
        yield depthwise(rng, (size, channels, kernel), 1, ends)
        yield depthwise(rng, (size, channels, kernel), 2, ends)
    for inputs, outputs in ((16, 4), (17, 3), (6, 1)):
        yield dense(rng, inputs, outputs, False, ends)
        yield dense(rng, inputs, outputs, True, ends)


def corner_cases(rng: Rng) -> list[Graph]:
    """Every shape with every scale and both pairs of zero points."""
    ends = [_ends(scale, zeros) for scale in OUT_SCALES for zeros in ZERO_POINTS]
    return [graph for pair in ends for graph in _with_ends(rng, pair)]
