"""Random networks that begin with images: convolutions, pools, residual adds, functions of one element."""

from __future__ import annotations

import numpy as np

from micronas.model.graph import ABSENT, DType, Graph, Quant
from micronas.model.op_attributes import Activation, Binary, Conv2D, DepthwiseConv2D, Padding, Pool2D
from tests.support.graph_builder import GraphBuilder, float32
from tests.support.random_parts import chance, int8_values, pick, random_activation, random_quant, spread

Rng = np.random.Generator
KINDS = (
    "CONV_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEPTHWISE_CONV_2D",
    "MAX_POOL_2D",
    "AVERAGE_POOL_2D",
    "RELU",
)


class _Chain:
    """A network under construction, with its last image."""

    def __init__(self, rng: Rng, shape: tuple[int, int, int]) -> None:
        self.rng, self.b, self.quant = rng, GraphBuilder(), random_quant(rng)
        self.shape = shape
        self.last = self.b.input((1, *shape), self.quant)

    def op(self, kind: str) -> None:
        """One more op of this kind, with a random window."""
        if kind == "RELU":
            self._write(kind, [self.last], self.shape, self.quant)
            return
        window = self._window()
        if kind == "CONV_2D":
            self._conv(*window, filters=int(self.rng.integers(1, 14)))
        elif kind == "DEPTHWISE_CONV_2D":
            self._depthwise(*window)
        else:
            kernel, stride, _, padding = window
            size = _sizes(self.shape, kernel, stride, (1, 1), padding)
            attrs = Pool2D(*kernel, *stride, padding, random_activation(self.rng))
            self._write(kind, [self.last], (*size, self.shape[2]), self.quant, attrs)

    def residual(self) -> None:
        """Two branches of the last image, added."""
        source, shape, quant = self.last, self.shape, self.quant
        self._conv((3, 3), (1, 1), (1, 1), Padding.SAME, shape[2])
        first, first_quant = self.last, self.quant
        self.last, self.shape, self.quant = source, shape, quant
        if chance(self.rng, 0.5):
            self._conv((1, 1), (1, 1), (1, 1), Padding.SAME, shape[2])
        out = random_quant(self.rng, (first_quant.scale[0] + self.quant.scale[0]) * spread(self.rng))
        activation = pick(self.rng, Activation.NONE, Activation.RELU)
        self._write("ADD", [first, self.last], shape, out, Binary(activation))

    def separable(self, filters: int) -> None:
        """A depthwise convolution of 3x3 and a pointwise one."""
        self._depthwise((3, 3), (1, 1), (1, 1), Padding.SAME)
        self._conv((1, 1), (1, 1), (1, 1), Padding.SAME, filters)

    def mean(self) -> None:
        """The average of the whole image."""
        h, w, channels = self.shape
        attrs = Pool2D(h, w, 1, 1, Padding.VALID, Activation.NONE)
        self._write("AVERAGE_POOL_2D", [self.last], (1, 1, channels), self.quant, attrs)

    def graph(self, name: str) -> Graph:
        return self.b.graph([self.last], name)

    def _window(self):
        rng, padding = self.rng, pick(self.rng, Padding.SAME, Padding.VALID)
        kernel, stride = rng.integers(1, 6, 2), rng.choice([1, 1, 2, 3], 2)
        dilation = rng.integers(1, 3, 2) if chance(rng, 0.2) else np.array([1, 1])
        dilation = np.where(stride > 1, 1, dilation)
        if padding is Padding.VALID:
            kernel = np.minimum(kernel, self.shape[:2])
            dilation = np.where((kernel - 1) * dilation + 1 > self.shape[:2], 1, dilation)
        return (*((int(v[0]), int(v[1])) for v in (kernel, stride, dilation)), padding)

    def _conv(self, kernel, stride, dilation, padding, filters: int) -> None:
        channels = self.shape[2]
        inputs, out = self._weights((filters, *kernel, channels), 0, kernel[0] * kernel[1] * channels)
        size = _sizes(self.shape, kernel, stride, dilation, padding)
        attrs = Conv2D(*stride, padding, random_activation(self.rng), *dilation)
        self._write("CONV_2D", inputs, (*size, filters), out, attrs)

    def _depthwise(self, kernel, stride, dilation, padding) -> None:
        multiplier = pick(self.rng, 1, 1, 1, 2)
        channels = self.shape[2] * multiplier
        inputs, out = self._weights((1, *kernel, channels), 3, kernel[0] * kernel[1])
        size = _sizes(self.shape, kernel, stride, dilation, padding)
        attrs = DepthwiseConv2D(multiplier, *stride, padding, random_activation(self.rng), *dilation)
        self._write("DEPTHWISE_CONV_2D", inputs, (*size, channels), out, attrs)

    def _weights(self, shape, axis: int, terms: int):
        rng, x_scale = self.rng, np.float32(self.quant.scale[0])
        scales = tuple(float32(s) for s in 10.0 ** rng.uniform(-2, -1) * rng.uniform(0.2, 1.0, shape[axis]))
        zeros = (0,) * len(scales)
        weights = self.b.constant(int8_values(rng, shape), DType.INT8, Quant(scales, zeros, axis))
        most = 500.0 * float(np.sqrt(terms))
        bias_quant = Quant(tuple(float32(x_scale * np.float32(s)) for s in scales), zeros)
        bias = self.b.constant(rng.integers(-int(most), int(most) + 1, shape[axis]), DType.INT32, bias_quant)
        out = random_quant(rng, float(x_scale) * float(np.mean(scales)) * most / 16.0 * spread(rng))
        return [self.last, weights, ABSENT if chance(rng, 0.2) else bias], out

    def _write(self, kind: str, inputs, shape, quant: Quant, *attrs) -> None:
        self.last = self.b.value((1, *shape), quant)
        self.shape, self.quant = tuple(shape), quant
        self.b.op(kind, [t for t in inputs if t != ABSENT], [self.last], *attrs)


def _sizes(shape, kernel, stride, dilation, padding) -> tuple[int, ...]:
    def size(n: int, k: int, s: int, d: int) -> int:
        return -(-n // s) if padding is Padding.SAME else -(-(n - (k - 1) * d) // s)

    return tuple(size(*each) for each in zip(shape[:2], kernel, stride, dilation, strict=True))


def random_chain(rng: Rng, number: int = 0, most_ops: int = 7) -> Graph:
    """Two to ``most_ops`` ops (a branch is one) on an image of up to 24 rows; perhaps also the mean."""
    shape = (int(rng.integers(4, 25)), int(rng.integers(1, 13)), int(rng.integers(1, 9)))
    chain = _Chain(rng, shape)
    chain.op(pick(rng, "CONV_2D", "DEPTHWISE_CONV_2D"))
    for _ in range(int(rng.integers(1, most_ops))):
        if chance(rng, 0.25):
            chain.residual()
        else:
            chain.op(pick(rng, *KINDS))
    if chance(rng, 0.5):
        chain.mean()
    return chain.graph(f"chain{number}")


def long_chain(rng: Rng) -> Graph:
    """Four pairs of a depthwise and a pointwise convolution on an image of 24 rows, and the mean."""
    chain = _Chain(rng, (24, 6, 8))
    for _ in range(4):
        chain.separable(8)
    chain.mean()
    return chain.graph("long_chain")


def valid_conv(rng: Rng, shape: tuple[int, int, int], kernel: int, stride: int) -> Graph:
    """A convolution without padding, and a function of one element."""
    chain = _Chain(rng, shape)
    chain._conv((kernel, kernel), (stride, stride), (1, 1), Padding.VALID, 4)
    chain.op("RELU")
    return chain.graph("valid_conv")
