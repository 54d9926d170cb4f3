"""Constant-channel elimination: outputs stay those of TFLite Micro, and what can go goes."""

from __future__ import annotations

import numpy as np
import pytest

from micronas.model.constant_channels import remove_constant_channels
from micronas.model.graph import DType, Graph, Quant
from micronas.model.interpreter import run_batch
from micronas.model.op_attributes import (
    Activation,
    Binary,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Padding,
    Pool2D,
)
from micronas.model.tflite import read
from tests.support.graph_builder import GraphBuilder, float32
from tests.support.oracle import random_inputs, run_tflm


def weighted(rng, b: GraphBuilder, shape, axis: int, dead: int) -> list[int]:
    """Weights with ``dead`` channels of zeros and a bias for each, at random one that saturates."""
    channels = shape[axis]
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    scale = [float32(s) for s in rng.uniform(0.0005, 0.003, channels)]
    bias = rng.integers(-8000, 8000, channels)
    for c in rng.choice(channels, dead, replace=False):
        np.moveaxis(weights, axis, 0)[c] = 0
        bias[c] = rng.choice([-(2**24), 2**24, 300, 0])
    quant = Quant(tuple(scale), (0,) * channels, axis)
    return [
        b.constant(weights, DType.INT8, quant),
        b.constant(bias, DType.INT32, Quant(tuple(scale), (0,) * channels)),
    ]


def separable_network(rng, residual: bool) -> Graph:
    """conv, (depthwise SAME, 1x1) twice, perhaps a residual, pool, dense; dead channels everywhere."""
    b, size, channels = GraphBuilder(), 6, 8
    quant = Quant((float32(0.05),), (int(rng.choice([-128, -20])),))
    x = b.input((1, size, size, 3), quant)
    shape = (1, size, size, channels)

    def layer(kind, source, weights, axis, attrs):
        y = b.value(shape, quant)
        b.op(kind, [source, *weighted(rng, b, weights, axis, int(rng.integers(0, 5)))], [y], attrs)
        return y

    relu = Activation.RELU
    y = layer("CONV_2D", x, (channels, 3, 3, 3), 0, Conv2D(1, 1, Padding.SAME, relu))
    for _ in range(2):
        depthwise = DepthwiseConv2D(1, 1, 1, Padding.SAME, relu)
        z = layer("DEPTHWISE_CONV_2D", y, (1, 3, 3, channels), 3, depthwise)
        z = layer("CONV_2D", z, (channels, 1, 1, channels), 0, Conv2D(1, 1, Padding.SAME, relu))
        if residual:
            total = b.value(shape, quant)
            b.op("ADD", [y, z], [total], Binary(relu))
            z = total
        y = z
    pooled, flat, out = (
        b.value((1, 1, 1, channels), quant),
        b.value((1, channels), quant),
        b.value((1, 4), quant),
    )
    b.op("AVERAGE_POOL_2D", [y], [pooled], Pool2D(size, size, size, size))
    b.op("RESHAPE", [pooled, b.constant([1, channels], DType.INT32)], [flat])
    b.op("FULLY_CONNECTED", [flat, *weighted(rng, b, (4, channels), 0, 0)], [out], FullyConnected())
    return b.graph([out])


@pytest.mark.parametrize("seed", range(30))
def test_outputs_stay_equal(seed):
    rng = np.random.default_rng(seed)
    graph = separable_network(rng, residual=seed % 2 == 1)
    smaller = remove_constant_channels(graph)
    inputs = random_inputs(graph, rng, 4)
    assert np.array_equal(run_tflm(smaller, inputs)[0], run_tflm(graph, inputs)[0])


def test_dead_channels_go():
    rng = np.random.default_rng(5)
    graphs = [separable_network(rng, residual=False) for _ in range(10)]
    before = [sum(t.nbytes for t in g.tensors if t.dtype is DType.INT8 and t.is_constant) for g in graphs]
    after = [weight_bytes(remove_constant_channels(g)) for g in graphs]
    assert sum(after) < 0.8 * sum(before)


def test_a_network_without_dead_channels_keeps_everything(networks):
    graph = read(networks / "mlperf_tiny_kws.tflite")
    smaller = remove_constant_channels(graph)
    assert weight_bytes(smaller) == weight_bytes(graph) == 22_016


def test_visual_wake_words_shrinks_to_a_seventh(shared_models):
    """The figures were counted on the same file independently of this code."""
    graph = read(shared_models / "vww_96_int8.tflite")
    smaller = remove_constant_channels(graph)
    assert (weight_bytes(graph), weight_bytes(smaller)) == (208_112, 29_286)
    inputs = random_inputs(graph, np.random.default_rng(0), 3)
    assert np.array_equal(run_batch(smaller, inputs)[0], run_batch(graph, inputs)[0])


def weight_bytes(graph: Graph) -> int:
    kinds = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    return sum(graph.tensors[op.inputs[1]].nbytes for op in graph.ops if op.kind in kinds)
