"""The network with int8 rounding in the loop, by the scales of its converted file.

Batch normalisation is folded first. Weights are rounded to the symmetric grid of the converter, one scale per
output channel or per tensor as in the file. Every result is rounded to the scale and zero point of its tensor
in the file. Rounding passes gradients through (Bengio et al. 2013); values that int8 clips get none.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from micronas.model.graph import Graph
from micronas.model.net import Conv, Dense, DepthwiseConv, Net, SoftmaxLayer
from micronas.train.tf_model import activated, weighted_sum, weightless
from micronas.train.weights import BATCH_NORM_EPSILON, Array, Folded, NodeWeights, Norm, Weights

Tensor: TypeAlias = Any

_SMALLEST = 1e-12
"""Avoids a division by zero for a channel whose weights are all zero."""


class FakeQuantModel:
    """``net`` with folded weights; ``parameters`` are trained, ``statistics`` are the int8 ranges.

    ``graph`` is the converted file of the same network: ``follow`` takes the ranges of a later one.
    """

    def __init__(self, net: Net, weights: tuple[Folded | None, ...], graph: Graph) -> None:
        self.net = net
        arrays = [array for node in weights if node for array in (node.kernel, node.bias)]
        self._shapes = [array.shape for array in arrays]
        self.parameters = tf.Variable(_flat(arrays), name="parameters")
        kernels = [np.full(a.size, i % 2 == 0, np.float32) for i, a in enumerate(arrays)]
        self.is_kernel: Array = np.concatenate(kernels)
        self.statistics = tf.Variable(_ranges(graph), name="ranges")
        present = [index for index, node in enumerate(weights) if node]
        self._places = {index: place for place, index in enumerate(present)}
        self._axes = [_channel_axis(graph, index, net) for index in range(len(net.nodes))]

    def follow(self, graph: Graph) -> None:
        """Round to the scales of ``graph`` from now on."""
        self.statistics.assign(_ranges(graph))

    def values(self, parameters: Tensor, ranges: Tensor, x: Tensor) -> list[Tensor]:
        """The rounded result of every node for a batch ``x``, the input first; without a final softmax."""
        arrays = self.arrays(parameters)
        made = [_rounded(x, ranges, 0)]
        for index, node in enumerate(self.net.nodes[1:], start=1):
            made.append(self.result(index, [made[i] for i in node.inputs], arrays, ranges))
        return made

    def arrays(self, parameters: Tensor) -> list[Tensor]:
        """``parameters`` cut into kernels, each followed by its bias."""
        return _split(parameters, self._shapes)

    def result(self, index: int, reads: list[Tensor], arrays: list[Tensor], ranges: Tensor) -> Tensor:
        """The rounded result of node ``index`` for what it reads."""
        layer = self.net.nodes[index].layer
        match layer:
            case Conv() | DepthwiseConv() | Dense():
                kernel, bias = (arrays[2 * self._places[index] + i] for i in range(2))
                rounded = rounded_weights(kernel, self._axes[index])
                y = activated(layer.activation, weighted_sum(layer, reads[0], rounded) + bias)
            case SoftmaxLayer():
                return reads[0]  # the loss takes logits
            case _:
                y = weightless(layer, reads)
        return _rounded(y, ranges, index)

    def folded(self) -> tuple[Folded | None, ...]:
        """The current float weights, one entry per node."""
        arrays = iter(_arrays(self.parameters.numpy(), self._shapes))
        return tuple(
            Folded(next(arrays), next(arrays))
            if isinstance(node.layer, Conv | DepthwiseConv | Dense)
            else None
            for node in self.net.nodes
        )


def unfolded(weights: tuple[Folded | None, ...], net: Net) -> Weights:
    """Folded weights in the form of ``net``: its normalisations change nothing. ``fold`` is the inverse."""
    return tuple(_unfolded(node, net, index) for index, node in enumerate(weights))


def _unfolded(node: Folded | None, net: Net, index: int) -> NodeWeights | None:
    layer = net.nodes[index].layer
    if node is None or not isinstance(layer, Conv | DepthwiseConv | Dense):
        return None
    if not layer.batch_norm:
        return NodeWeights(node.kernel, node.bias, None)
    zeros, ones = np.zeros_like(node.bias), np.ones_like(node.bias)
    gamma = np.sqrt(ones + np.float32(BATCH_NORM_EPSILON))  # exactly what folding divides by
    return NodeWeights(node.kernel, None, Norm(gamma, node.bias, zeros, ones))


def rounded_weights(kernel: Tensor, channel_axis: int | None) -> Tensor:
    """``kernel`` on the grid scale x {-127 .. 127}: one scale per index of ``channel_axis``, or one."""
    axes = [axis for axis in range(kernel.shape.rank) if axis != channel_axis]
    scale = tf.reduce_max(tf.abs(kernel), axes, keepdims=True) / 127.0 + _SMALLEST
    return kernel + tf.stop_gradient(tf.round(kernel / scale) * scale - kernel)


def _rounded(x: Tensor, ranges: Tensor, index: int) -> Tensor:
    low, scale, high = ranges[3 * index], ranges[3 * index + 1], ranges[3 * index + 2]
    clipped = tf.clip_by_value(x, low, high)
    return clipped + tf.stop_gradient(tf.round(clipped / scale) * scale - clipped)


def _ranges(graph: Graph) -> Array:
    """Lowest number, step and highest number of the input and of every op's result, float32 (3 x nodes,)."""
    triples = []
    for tensor in (graph.inputs[0], *(op.outputs[0] for op in graph.ops)):
        quant = graph.tensors[tensor].quant
        assert quant is not None, "an int8 graph has scales on all int8 tensors"
        scale, zero = np.float32(quant.scale[0]), quant.zero_point[0]
        triples += [(-128 - zero) * scale, scale, (127 - zero) * scale]
    return np.array(triples, np.float32)


def _channel_axis(graph: Graph, index: int, net: Net) -> int | None:
    """The axis of a kernel, in TensorFlow's layout, along which the file has scales; None for one scale."""
    layer = net.nodes[index].layer
    if not isinstance(layer, Conv | DepthwiseConv | Dense):
        return None
    quant = graph.tensors[graph.ops[index - 1].inputs[1]].quant
    assert quant is not None, "an int8 graph has scales on all int8 tensors"
    if len(quant.scale) == 1:
        return None
    return {Conv: 3, DepthwiseConv: 2, Dense: 1}[type(layer)]


def _flat(arrays: list[Array]) -> Array:
    joined: Array = np.concatenate([array.ravel() for array in arrays]).astype(np.float32)
    return joined


def _split(vector: Tensor, shapes: list[tuple[int, ...]]) -> list[Tensor]:
    parts = tf.split(vector, [int(np.prod(shape)) for shape in shapes])
    return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]


def _arrays(vector: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return [part.reshape(shape).copy() for part, shape in zip(np.split(vector, ends), shapes, strict=False)]
