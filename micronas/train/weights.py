"""The float weights of a ``Net``, one entry per node, as NumPy arrays independent of any framework.

Kernels are in TensorFlow's layout: convolution (h, w, in, out), depthwise (h, w, channels, 1), dense
(in, out). Both trainable back ends start from ``initial_weights`` and return their weights in this form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from micronas.model.net import Conv, Dense, DepthwiseConv, Net, Shape

Array: TypeAlias = npt.NDArray[np.float32]

BATCH_NORM_EPSILON = 1e-3

BATCH_NORM_MOMENTUM = 0.9
"""Keras' 0.99 needs about 500 steps to forget its initial value; a short training has fewer."""


@dataclass(frozen=True, eq=False)
class Norm:
    """Batch normalisation, four vectors of one value per output channel."""

    gamma: Array
    beta: Array
    mean: Array
    variance: Array


@dataclass(frozen=True, eq=False)
class NodeWeights:
    """Kernel and either a bias or a batch normalisation."""

    kernel: Array
    bias: Array | None
    norm: Norm | None


Weights: TypeAlias = tuple[NodeWeights | None, ...]


@dataclass(frozen=True, eq=False)
class Folded:
    """Kernel and bias with batch normalisation folded in: what is deployed."""

    kernel: Array
    bias: Array


def kernel_shape(net: Net, index: int) -> Shape | None:
    """Kernel shape of a node in TensorFlow's layout; None for a layer without weights."""
    layer = net.nodes[index].layer
    match layer:
        case Conv():
            return (layer.kernel_h, layer.kernel_w, net.input_shapes(index)[0][2], layer.filters)
        case DepthwiseConv():
            return (layer.kernel_h, layer.kernel_w, net.shapes[index][2], 1)
        case Dense():
            return (net.input_shapes(index)[0][0], layer.units)
    return None


def initial_weights(net: Net, seed: int) -> Weights:
    """He-normal kernels (He et al. 2015), zero biases, identity normalisation; a function of ``seed``."""
    return tuple(_initial(net, index, seed) for index in range(len(net.nodes)))


def _initial(net: Net, index: int, seed: int) -> NodeWeights | None:
    layer = net.nodes[index].layer
    shape = kernel_shape(net, index)
    if shape is None or not isinstance(layer, Conv | DepthwiseConv | Dense):
        return None
    # A depthwise filter has one input channel; in every other kernel, that is the last dimension but one.
    fan_in = shape[0] * shape[1] if isinstance(layer, DepthwiseConv) else int(np.prod(shape[:-1]))
    normal = np.random.default_rng([seed, index]).standard_normal(shape)
    kernel = (normal * np.sqrt(2.0 / fan_in)).astype(np.float32)
    channels = net.shapes[index][-1]
    zeros, ones = np.zeros(channels, np.float32), np.ones(channels, np.float32)
    if layer.batch_norm:
        return NodeWeights(kernel, None, Norm(ones, zeros, zeros, ones))
    return NodeWeights(kernel, zeros, None)


def fold(weights: Weights) -> tuple[Folded | None, ...]:
    """Folds each batch normalisation into its kernel and bias (Jacob et al. 2018, section 3.2)."""
    return tuple(None if node is None else _fold(node) for node in weights)


def _fold(node: NodeWeights) -> Folded:
    if node.norm is None:
        assert node.bias is not None, "a node has a bias or a normalisation"
        return Folded(node.kernel, node.bias)
    norm = node.norm
    factor = norm.gamma / np.sqrt(norm.variance + np.float32(BATCH_NORM_EPSILON))
    # The output channel is the last dimension, except in a depthwise kernel, whose last is 1.
    per_kernel = factor[:, np.newaxis] if node.kernel.shape[-1] == 1 != factor.size else factor
    return Folded(node.kernel * per_kernel, norm.beta - norm.mean * factor)
