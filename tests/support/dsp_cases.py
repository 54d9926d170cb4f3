"""One-op graphs for the corners of the DSP kernels that random ones seldom reach."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from micronas.model.graph import DType, Graph, Quant
from micronas.model.op_attributes import (
    Activation,
    Binary,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Padding,
    Pool2D,
)
from micronas.model.window import output_size
from tests.support.graph_builder import GraphBuilder, float32

Rng = np.random.Generator
ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU6)
IN, OUT = Quant((float32(0.05),), (-3,)), Quant((float32(0.11),), (-128,))


def _weighted(rng: Rng, b: GraphBuilder, shape: tuple[int, ...], axis: int, dead: int = 0) -> list[int]:
    """Weights and bias; ``dead`` channels have zero weights, a scale near 0 and a bias near 2**30."""
    channels = shape[axis]
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    scale = rng.uniform(0.001, 0.01, channels).astype(np.float32)
    bias = rng.integers(-5000, 5000, channels)
    for c in rng.choice(channels, dead, replace=False):
        np.moveaxis(weights, axis, 0)[c] = 0
        scale[c], bias[c] = 1e-9, rng.choice([-(2**30), 2**30 - 1, 0])
    quant = Quant(tuple(float(s) for s in scale), (0,) * channels, axis)
    bias_quant = Quant(tuple(float(np.float32(s) * np.float32(IN.scale[0])) for s in scale), (0,) * channels)
    return [b.constant(weights, DType.INT8, quant), b.constant(bias, DType.INT32, bias_quant)]


def conv(rng: Rng, size: int, channels: int, outputs: int, kernel: int, dead: int = 0) -> Graph:
    b = GraphBuilder()
    x = b.input((1, size, size, channels), IN)
    constants = _weighted(rng, b, (outputs, kernel, kernel, channels), 0, dead)
    y = b.value((1, size, size, outputs), OUT)
    b.op("CONV_2D", [x, *constants], [y], Conv2D(1, 1, Padding.SAME, Activation.RELU))
    return b.graph([y])


def depthwise(
    rng: Rng,
    h: int,
    w: int,
    stride: int,
    kernel: tuple[int, int] = (3, 3),
    dead: int = 0,
    channels: int = 5,
    dilation: int = 1,
    activation: Activation = Activation.RELU,
) -> Graph:
    b = GraphBuilder()
    x = b.input((1, h, w, channels), IN)
    constants = _weighted(rng, b, (1, *kernel, channels), 3, dead)
    y = b.value((1, -(-h // stride), -(-w // stride), channels), OUT)
    attrs = DepthwiseConv2D(1, stride, stride, Padding.SAME, activation, dilation, dilation)
    b.op("DEPTHWISE_CONV_2D", [x, *constants], [y], attrs)
    return b.graph([y])


def dense(rng: Rng, inputs: int, outputs: int) -> Graph:
    b = GraphBuilder()
    x = b.input((1, inputs), IN)
    constants = _weighted(rng, b, (outputs, inputs), 0)
    y = b.value((1, outputs), Quant((float32(0.3),), (5,)))
    b.op("FULLY_CONNECTED", [x, *constants], [y], FullyConnected())
    return b.graph([y])


def dense_of_one_scale(rng: Rng, inputs: int, outputs: int, activation: Activation) -> Graph:
    b = GraphBuilder()
    x = b.input((2, inputs), IN)
    weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    w = b.constant(weights, DType.INT8, Quant((float32(0.004),), (0,)))
    scale = float(np.float32(0.004) * np.float32(IN.scale[0]))
    bias = b.constant(rng.integers(-5000, 5000, outputs), DType.INT32, Quant((scale,), (0,)))
    y = b.value((2, outputs), Quant((float32(0.3),), (5,)))
    b.op("FULLY_CONNECTED", [x, w, bias], [y], FullyConnected(activation))
    return b.graph([y])


def add(rng: Rng, scale1: float, scale2: float, out: float, channels: int = 15) -> Graph:
    """With 15 channels 525 elements, enough for a table of one operand's values; with 9 too few."""
    b, shape = GraphBuilder(), (1, 5, 7, channels)
    xs = [b.input(shape, Quant((float32(s),), (int(rng.integers(-128, 128)),))) for s in (scale1, scale2)]
    y = b.value(shape, Quant((float32(out),), (-128,)))
    b.op("ADD", xs, [y], Binary(Activation.RELU))
    return b.graph([y])


def mul(rng: Rng, by_image: bool, out: float) -> Graph:
    """An image times one factor per channel, as in squeeze and excitation, or times another image."""
    b = GraphBuilder()
    x = b.input((1, 5, 3, 7), Quant((float32(0.05),), (int(rng.integers(-128, 128)),)))
    by = b.input((1, 5, 3, 7) if by_image else (1, 1, 1, 7), Quant((float32(1 / 256),), (-128,)))
    y = b.value((1, 5, 3, 7), Quant((float32(out),), (int(rng.integers(-128, 128)),)))
    b.op("MUL", [x, by], [y], Binary(Activation.NONE))
    return b.graph([y])


def max_pool(rng: Rng, channels: int, kernel: int, activation: Activation) -> Graph:
    b, quant = GraphBuilder(), Quant((float32(0.05),), (int(rng.integers(-128, 128)),))
    x = b.input((1, 7, 6, channels), quant)
    y = b.value((1, 4, 3, channels), quant)
    b.op("MAX_POOL_2D", [x], [y], Pool2D(kernel, kernel, 2, 2, Padding.SAME, activation))
    return b.graph([y])


def fours(rng: Rng) -> list[Graph]:
    """Four channels at a time: even and odd rows, few and many outputs, strips, both requantizations."""
    sizes = ((1, 1), (2, 2), (3, 5), (6, 6), (9, 7), (23, 5))
    return [
        *(depthwise(rng, h, w, stride, channels=8) for stride in (1, 2) for h, w in sizes),
        *(depthwise(rng, 5, w, 1, channels=12, activation=Activation.RELU6) for w in (4, 5)),
        depthwise(rng, 6, 6, 1, dead=3, channels=16),
    ]


def tiles(rng: Rng) -> list[Graph]:
    """3x3 convolutions that run by tiles of 2x2 outputs where there is room: whole tiles and parts of some,
    even and odd groups of channels, both requantizations.
    """
    sizes = ((4, 8, 8), (8, 16, 8), (7, 12, 10), (9, 20, 8))
    graphs = [conv(rng, size, channels, outputs, 3) for size, channels, outputs in sizes]
    return [*graphs, *(_clamped(graph) for graph in graphs[:3]), conv(rng, 8, 8, 8, 3, dead=3)]


def stem(rng: Rng, size: tuple[int, int], stride: tuple[int, int], padding: Padding, outputs: int) -> Graph:
    b = GraphBuilder()
    x = b.input((1, *size, 3), IN)
    constants = _weighted(rng, b, (outputs, 3, 3, 3), 0)
    out = (output_size(n, 3, step, padding) for n, step in zip(size, stride, strict=True))
    y = b.value((1, *out, outputs), OUT)
    b.op("CONV_2D", [x, *constants], [y], Conv2D(*stride, padding, Activation.RELU))
    return b.graph([y])


def stems(rng: Rng) -> list[Graph]:
    """3x3 convolutions of three channels that run from widened rows where there is room: windows that begin
    with either half of a word, whole quads and parts of some, rows that no window reaches, both
    requantizations.
    """
    sizes = ((9, 7), (8, 12), (5, 23), (6, 16), (1, 17))
    strides = ((2, 2), (1, 1), (1, 2), (2, 1))
    same = [stem(rng, size, stride, Padding.SAME, 4) for size in sizes for stride in strides]
    valid = [stem(rng, size, stride, Padding.VALID, 2) for size in sizes[:4] for stride in strides]
    return [*same, *valid, *(_clamped(graph) for graph in same[:8]), _clamped(valid[6])]


def few(
    rng: Rng, size: tuple[int, int], channels: int, outputs: int, strides: tuple[int, int] = (1, 1)
) -> Graph:
    b = GraphBuilder()
    x = b.input((1, *size, channels), IN)
    weights, bias = _weighted(rng, b, (outputs, 1, 1, channels), 0)
    out = [output_size(n, 1, step, Padding.VALID) for n, step in zip(size, strides, strict=True)]
    y = b.value((1, *out, outputs), OUT)
    b.op("CONV_2D", [x, weights, bias], [y], Conv2D(*strides, Padding.VALID, Activation.RELU))
    return b.graph([y])


def ending(graph: Graph, scale: float, zero_point: int) -> Graph:
    """With another scale and zero point of the output: sums end in another way."""
    op = graph.ops[0]
    tensors = list(graph.tensors)
    quant = Quant((float32(scale),), (zero_point,))
    tensors[op.outputs[0]] = replace(tensors[op.outputs[0]], quant=quant)
    return replace(graph, tensors=tuple(tensors))


def few_channels(rng: Rng) -> list[Graph]:
    """1x1 convolutions of few channels that widen inputs on the stack where there is room: each number of
    channels, one to three pixels behind quads, strides, forward and backward, each way in which sums end.

    Right shifts are 7 to 11 with a scale of 0.11, 5 to 8 with 0.02, more than 11 with 20 and less than 5 with
    0.001; with 0.0002 some are left shifts, which need the general requantization.
    """
    sizes = ((4, 8), (3, 11), (2, 17), (1, 35), (6, 6))
    plain = [few(rng, size, 4 * k, 6 if k % 2 else 34) for k in range(1, 9) for size in sizes]
    same = [few(rng, (5, 7), channels, channels) for channels in (4, 12, 24, 32)]
    strided = [few(rng, (16, 16), c, 8, strides) for c in (4, 16, 28) for strides in ((1, 2), (2, 2), (3, 2))]
    graphs = [*plain, *same, *strided]
    others = ((0.11, 3), (0.02, -128), (0.001, -128), (20.0, -128), (0.0002, -5))
    changed = [linear(ending(graph, *others[n % len(others)])) for n, graph in enumerate(graphs)]
    active = [ending(graph, 20.0, -128) for graph in graphs if graph.tensors[0].shape[3] > 24]
    dead = [conv(rng, 6, channels, 6, 1, dead=3) for channels in (8, 32)]
    return [*graphs, *changed, *active, *map(_clamped, graphs[::4]), *dead]


def linear(graph: Graph) -> Graph:
    """Without an activation."""
    op = graph.ops[0]
    assert isinstance(op.attrs, Conv2D)
    return replace(graph, ops=(replace(op, attrs=replace(op.attrs, activation=Activation.NONE)),))


def one_channel(
    rng: Rng,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: Padding = Padding.SAME,
    outputs: int = 4,
    zero_point: int = -3,
) -> Graph:
    b = GraphBuilder()
    x = b.input((1, *size, 1), Quant(IN.scale, (zero_point,)))
    constants = _weighted(rng, b, (outputs, *kernel, 1), 0)
    out = (output_size(n, k, step, padding) for n, k, step in zip(size, kernel, stride, strict=True))
    y = b.value((1, *out, outputs), OUT)
    b.op("CONV_2D", [x, *constants], [y], Conv2D(*stride, padding, Activation.RELU))
    return b.graph([y])


def one_channel_stems(rng: Rng) -> list[Graph]:
    """Convolutions of one channel that run by lines of words where there is room: rows and columns, words of
    neighbours on a line and across it, whole quads and one to three outputs more, images by some rows at a
    time, zero points at both ends, both requantizations.
    """
    kernels = ((10, 4), (3, 3), (5, 5), (9, 1), (1, 7), (13, 1), (2, 3), (4, 1))
    sizes, strides = ((13, 11), (16, 9), (9, 18)), ((2, 2), (1, 1), (1, 2), (2, 1))
    each = [
        one_channel(rng, size, kernel, stride, padding, zero_point=zero_point)
        for kernel in kernels
        for size in sizes
        for stride in strides
        for padding, zero_point in ((Padding.SAME, -128), (Padding.VALID, 127))
        if padding is Padding.SAME or all(k <= n for k, n in zip(kernel, size, strict=True))
    ]
    lines = ((40, 1), (1, 37), (8, 1), (9, 1), (10, 1), (11, 1))
    streams = [one_channel(rng, size, (9, 1) if size[1] == 1 else (1, 9), (1, 1)) for size in lines]
    large = [one_channel(rng, size, (3, 3), (1, 1), outputs=2) for size in ((64, 40), (26, 99))]
    keywords = one_channel(rng, (49, 10), (10, 4), (2, 2), outputs=64)
    return [*each, *streams, *large, keywords, *(_clamped(graph) for graph in (*each[::7], *streams, *large))]


def _clamped(graph: Graph) -> Graph:
    """With an activation that needs the general requantization."""
    op = graph.ops[0]
    assert isinstance(op.attrs, Conv2D)
    attrs = replace(op.attrs, activation=Activation.RELU6)
    return replace(graph, ops=(replace(op, attrs=attrs),))


def dsp_corner_cases(rng: Rng) -> list[Graph]:
    """Several segments, odd and dead channels, every last row and column of a 3x3 plane, equal scales."""
    return [
        *(mul(rng, by_image, out) for by_image in (False, True) for out in (0.0005, 0.05, 3.0)),
        *(max_pool(rng, c, k, a) for c in (4, 5, 7, 16) for k in (1, 2, 3) for a in ACTIVATIONS),
        *(conv(rng, 3, channels, 5, 3) for channels in (57, 64, 115)),  # 513, 576 and 1035 terms
        *(conv(rng, 5, channels, 6, 1, dead=3) for channels in (3, 4, 18)),
        *(depthwise(rng, h, w, stride) for stride in (1, 2) for h in (1, 2, 5) for w in (1, 2, 3, 4, 7)),
        depthwise(rng, 6, 6, 1, dead=2),
        *(depthwise(rng, 9, 1, 1, (k, 1)) for k in (2, 3, 8)),
        *(depthwise(rng, 2, 3, 1, (3, 3), 2, channels=c) for c in (4, 5, 6, 7, 16)),
        *(depthwise(rng, 7, 6, s, (3, 2), 1, channels=6, dilation=d) for s, d in ((1, 2), (2, 1), (1, 3))),
        depthwise(rng, 3, 2, 1, (3, 3), channels=3),
        *fours(rng),
        *(depthwise(rng, 9, 9, stride, (5, 5)) for stride in (1, 2, 3)),
        *(dense(rng, n, m) for n in (512, 513, 640, 1026) for m in (1, 3, 6, 18)),
        *(dense_of_one_scale(rng, n, 24, Activation.NONE) for n in (4, 12, 18, 24, 640, 1026)),
        *(dense_of_one_scale(rng, 20, m, a) for m in (8, 13) for a in (Activation.NONE, Activation.RELU6)),
        *(add(rng, s1, s2, 0.1) for s1, s2 in ((0.05, 0.05), (0.05, 0.002), (0.002, 0.06))),
        *(add(rng, 0.05, s, 0.1, channels=9) for s in (0.05, 0.002)),
        *tiles(rng),
        *stems(rng),
        *few_channels(rng),
        *one_channel_stems(rng),
    ]
