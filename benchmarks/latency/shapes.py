"""Ops of many shapes to fit the per-op model on, and how they are put together for one run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from micronas.deploy.calibration.network import side_by_side
from micronas.model.graph import Graph, Quant
from micronas.model.net import (
    Activation,
    Add,
    Apply,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Layer,
    Multiply,
    Net,
    NetBuilder,
    Padding,
    Pool,
    PoolKind,
    SoftmaxLayer,
    shape_graph,
)
from micronas.space.reference.random_weights import random_weights

MAX_BYTES = 90_000
"""Activations of the ops that share a run."""
MAX_CONSTANT_BYTES = 400_000

_MOST_SQUARE_VALUES = 12_000

_LARGE_SCALE = 400.0
"""Of weights, so that a product's scale is above the output's: such layers take the exact requantization."""


def cases(rng: np.random.Generator, count: int) -> Iterator[Graph]:
    """``count`` small networks of one or two ops, every kind in turn, with weights."""
    for number in range(count):
        make = _KINDS[number % len(_KINDS)]
        graph = random_weights(shape_graph(make(rng)), seed=number)
        yield _exactly_finished(graph) if number // len(_KINDS) % 4 == 0 else graph


def chains(rng: np.random.Generator, count: int) -> Iterator[Graph]:
    """``count`` networks of two to four dense layers: how they follow each other decides what is cached.

    Every second one is wide: the weights of a layer are then many times what the flash's cache holds.
    """
    for number in range(count):
        widths = [_channels(rng, 128) for _ in range(int(rng.integers(2, 5)))]
        inputs = _channels(rng, 256)
        if number % 2:
            widths, inputs = [int(rng.integers(64, 200)) for _ in widths], int(rng.integers(100, 700))
        net = NetBuilder((inputs,)).chain(*(Dense(width) for width in widths)).build()
        graph = random_weights(shape_graph(net), seed=number)
        yield _exactly_finished(graph) if number % 4 == 0 else graph


def converted(rng: np.random.Generator, count: int) -> Iterator[Graph]:
    """``count`` networks with scales as converters choose them: other kernels run than with equal ones.

    Every second one adds two tensors of unequal scales; the others are dense layers with one scale for all
    weights, half of them wide.
    """
    for number in range(count):
        if number % 2:
            inputs, *widths = (_channels(rng, most) for most in (256, 128, 128))
            if number % 4 == 1:
                inputs, *widths = (8 * int(rng.integers(8, most)) for most in (88, 25, 25, 25))
            net = NetBuilder((inputs,)).chain(*map(Dense, widths)).build()
            yield random_weights(_with_one_scale(shape_graph(net)), seed=number)
        else:
            yield _rescaled(random_weights(shape_graph(_residual(rng)), seed=number), rng.uniform(0.4, 0.9))


def square_convolutions(rng: np.random.Generator, count: int) -> Iterator[Graph]:
    """``count`` convolutions of 3x3 and stride 1 with channels as residual networks have them."""
    for number in range(count):
        side, channels = int(rng.integers(4, 25)), 4 * int(rng.integers(2, 17))
        while side * side * channels > _MOST_SQUARE_VALUES:
            side = max(4, side * 3 // 4)
        shape = (side, max(4, side + int(rng.integers(-2, 3))), channels)
        net = NetBuilder(shape).chain(Conv(4 * int(rng.integers(2, 17)), 3, 3)).build()
        graph = random_weights(shape_graph(net), seed=number)
        yield _exactly_finished(graph) if number % 4 == 0 else graph


def stems(rng: np.random.Generator, count: int) -> Iterator[Graph]:
    """``count`` first layers of 3x3 on three channels, with strides of 1 and 2."""
    for number in range(count):
        shape = (int(rng.integers(6, 97)), int(rng.integers(16, 97)), 3)
        stride, padding = 1 + number % 2, (Padding.SAME, Padding.VALID)[number // 2 % 2]
        outputs = 2 * int(rng.integers(1, 13))
        while shape[0] * shape[1] * outputs > stride**2 * _MOST_SQUARE_VALUES:
            shape = (max(6, shape[0] * 3 // 4), max(16, shape[1] * 3 // 4), 3)
            outputs = outputs if shape[0] * shape[1] > 6 * 16 else 2
        net = NetBuilder(shape).chain(Conv(outputs, 3, 3, stride, stride, padding=padding)).build()
        graph = random_weights(shape_graph(net), seed=number)
        yield _exactly_finished(graph) if number % 4 == 0 else graph


def few_channels(rng: np.random.Generator, count: int) -> Iterator[Graph]:
    """``count`` 1x1 convolutions of 4 to 32 channels: half with ReLU, a quarter without, and a quarter with
    scales that take the exact requantization.
    """
    for number in range(count):
        plain, exact = number % 4 == 1, number % 4 == 0
        channels = 4 * int(rng.integers(1, 7 if plain else 9))
        height, width = (int(n) for n in rng.integers(4, 33, 2))
        stride = 1 + (number % 5 == 0)
        width = 8 * -(-width // 8) if stride > 1 else max(width, -(-32 // height))
        while height * width * channels > 2 * _MOST_SQUARE_VALUES:
            height = max(8, height * 3 // 4)
            width = 16 if stride > 1 else max(8, width * 3 // 4)
        height = max(height, 16 if stride > 1 else 4)
        outputs = 2 * int(rng.integers(2, 33))
        activation = Activation.NONE if plain else Activation.RELU
        layer = Conv(outputs, 1, 1, stride, stride, activation=activation)
        graph = random_weights(
            shape_graph(NetBuilder((height, width, channels)).chain(layer).build()), seed=number
        )
        yield _exactly_finished(graph) if exact else graph


_ONE_CHANNEL = (
    *(((9, 1), 1), ((16, 1), 2), ((3, 3), 1), ((3, 3), 2), ((5, 5), 1), ((10, 4), 2)),
    *(((5, 1), 2), ((13, 1), 1), ((3, 3), 1), ((3, 3), 2), ((5, 5), 2), ((4, 10), 2)),
)
"""Kernels and strides of first layers: each of the six forms of the kernels for one channel twice."""


def one_channel_stems(rng: np.random.Generator, count: int) -> Iterator[Graph]:
    """``count`` first layers of one input channel: streams, images and spectrograms."""
    for number in range(count):
        (height, width), stride = _ONE_CHANNEL[number % len(_ONE_CHANNEL)]
        shape = (int(rng.integers(16, 65)), int(rng.integers(12, 65)), 1)
        if width == 1:
            shape = (int(rng.integers(40, 1000)), 1, 1)
        outputs = 2 * int(rng.integers(1, 33))
        while shape[0] * shape[1] * outputs > stride**2 * _MOST_SQUARE_VALUES and outputs > 2:
            outputs = max(2, outputs // 4 * 2)
        padding = (Padding.SAME, Padding.VALID)[number // len(_ONE_CHANNEL) % 2]
        strides = (stride, 1 if width == 1 else stride)
        net = NetBuilder(shape).chain(Conv(outputs, height, width, *strides, padding=padding)).build()
        graph = random_weights(shape_graph(net), seed=number)
        yield _exactly_finished(graph) if number // len(_ONE_CHANNEL) % 3 == 0 else graph


def merged(graphs: list[Graph]) -> Graph:
    """One graph that holds all ops of ``graphs`` side by side."""
    return side_by_side(graphs, "shapes")


def batches(graphs: Iterator[Graph]) -> Iterator[list[Graph]]:
    """Networks that fit the emulated chip together: their activations in SRAM, their weights in flash."""
    batch: list[Graph] = []
    used, weights = 0, 0
    for graph in graphs:
        size = sum(graph.tensors[t].elements for t in graph.activations)
        constants = sum(t.nbytes for t in graph.tensors if t.is_constant)
        if batch and (used + size > MAX_BYTES or weights + constants > MAX_CONSTANT_BYTES):
            yield batch
            batch, used, weights = [], 0, 0
        batch.append(graph)
        used, weights = used + size, weights + constants
    if batch:
        yield batch


def _exactly_finished(graph: Graph) -> Graph:
    """Weights of a larger scale in convolutions and dense layers."""
    weights = {
        op.inputs[1] for op in graph.ops if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    }
    tensors = list(graph.tensors)
    for index in weights:
        quant = tensors[index].quant
        assert quant is not None
        scales = tuple(s * _LARGE_SCALE * math.prod(tensors[index].shape[1:]) ** 0.5 for s in quant.scale)
        tensors[index] = replace(tensors[index], quant=replace(quant, scale=scales))
    return replace(graph, tensors=tuple(tensors))


def _with_one_scale(graph: Graph) -> Graph:
    """One scale for the weights of a layer in place of one per channel, and one for its bias."""
    tensors = (
        replace(t, quant=Quant(t.quant.scale[:1], t.quant.zero_point[:1])) if t.quant is not None else t
        for t in graph.tensors
    )
    return replace(graph, tensors=tuple(tensors))


def _rescaled(graph: Graph, factor: float) -> Graph:
    """The output of the first op with a scale ``factor`` times as large."""
    tensors, output = list(graph.tensors), graph.ops[0].outputs[0]
    quant = tensors[output].quant
    assert quant is not None
    tensors[output] = replace(tensors[output], quant=replace(quant, scale=(quant.scale[0] * factor,)))
    return replace(graph, tensors=tuple(tensors))


def _plane(rng: np.random.Generator, largest: int = 24) -> tuple[int, int]:
    return int(rng.integers(2, largest + 1)), int(rng.integers(2, largest + 1))


def _channels(rng: np.random.Generator, most: int = 64) -> int:
    """As spaces have them: mostly multiples of four, spread evenly over orders of magnitude."""
    channels = round(math.exp(rng.uniform(math.log(2), math.log(most))))
    return channels if rng.random() < 0.2 else max(4, channels // 4 * 4)


def _input(rng: np.random.Generator, most_values: int = 8_000) -> tuple[int, int, int]:
    channels = _channels(rng)
    height, width = _plane(rng)
    while height * width * channels > most_values:
        height, width = max(2, height // 2), max(2, width * 2 // 3)
    return height, width, channels


def _kernel(rng: np.random.Generator) -> tuple[int, int]:
    kernel = int(rng.choice([3, 3, 5, 7]))
    return (kernel, kernel) if rng.random() < 0.9 else (int(rng.integers(1, 11)), int(rng.integers(1, 6)))


def _strides(rng: np.random.Generator) -> tuple[int, int]:
    stride = 2 if rng.random() < 0.3 else 1
    return stride, stride


def _conv(rng: np.random.Generator) -> Net:
    return (
        NetBuilder(_input(rng, 4_000)).chain(Conv(_channels(rng, 48), *_kernel(rng), *_strides(rng))).build()
    )


def _stem(rng: np.random.Generator) -> Net:
    shape = (*_plane(rng, 40), int(rng.choice([1, 1, 2, 3])))
    return NetBuilder(shape).chain(Conv(_channels(rng, 32), *_kernel(rng), *_strides(rng))).build()


def _pointwise(rng: np.random.Generator) -> Net:
    stride = _strides(rng) if rng.random() < 0.2 else (1, 1)
    return NetBuilder(_input(rng)).chain(Conv(_channels(rng, 96), 1, 1, *stride)).build()


def _residual(rng: np.random.Generator) -> Net:
    builder = NetBuilder(_input(rng))
    builder.add(Conv(builder.shape()[-1], 1, 1))
    builder.add(Add(), builder.last, 0)
    return builder.build()


def _gate(rng: np.random.Generator) -> Net:
    builder = NetBuilder(_input(rng))
    builder.add(GlobalAveragePool(keep_dims=True))
    builder.add(Conv(builder.shape()[-1], 1, 1))
    builder.add(Multiply(), 0, builder.last)
    return builder.build()


def _joined(rng: np.random.Generator) -> Net:
    builder = NetBuilder(_input(rng, 4_000))
    branches = [builder.add(Conv(_channels(rng, 16), 1, 1), 0) for _ in range(int(rng.integers(2, 5)))]
    builder.add(Concat(), *branches)
    return builder.build()


def _depthwise(rng: np.random.Generator) -> Net:
    return NetBuilder(_input(rng)).chain(DepthwiseConv(*_kernel(rng), *_strides(rng))).build()


def _small_depthwise(rng: np.random.Generator) -> Net:
    shape = (*_plane(rng, 6), _channels(rng, 128))
    return NetBuilder(shape).chain(DepthwiseConv(*_kernel(rng), *_strides(rng))).build()


def _dense(rng: np.random.Generator) -> Net:
    features = round(math.exp(rng.uniform(math.log(4), math.log(800))))
    layers: list[Layer] = [Dense(_channels(rng, 128))]
    return NetBuilder((features,)).chain(*layers).build()


def _classifier(rng: np.random.Generator) -> Net:
    classes = int(rng.integers(2, 20))
    return NetBuilder(_input(rng)).chain(GlobalAveragePool(), Dense(classes), SoftmaxLayer()).build()


def _pool(rng: np.random.Generator) -> Net:
    kind = PoolKind.MAX if rng.random() < 0.5 else PoolKind.AVERAGE
    window, strides = int(rng.choice([2, 3])), _strides(rng)
    padding = Padding.SAME if rng.random() < 0.5 else Padding.VALID
    height, width, channels = _input(rng)
    shape = (max(height, window), max(width, window), channels)
    return NetBuilder(shape).chain(Pool(kind, window, window, *strides, padding)).build()


def _function(rng: np.random.Generator) -> Net:
    function = list(Function)[int(rng.integers(len(Function)))]
    return NetBuilder(_input(rng)).chain(Apply(function)).build()


def _flat(rng: np.random.Generator) -> Net:
    return NetBuilder(_input(rng, 600)).chain(Flatten(), Dense(_channels(rng, 32))).build()


_KINDS: tuple[Callable[[np.random.Generator], Net], ...] = (
    *(_conv, _pointwise, _stem, _depthwise, _small_depthwise, _pointwise, _residual, _dense),
    *(_small_depthwise, _conv, _depthwise, _conv),
    *(_conv, _pointwise, _stem, _depthwise, _joined, _classifier, _pool, _gate, _pool, _function, _flat),
)
