"""All operations on all edges from one source, computed together.

Edges from one source share its pooling and its identity, and their convolutions run as one, with the filters
of the edges side by side. That is a third of the kernels to trace and call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import tensorflow as tf

from micronas.space.cell.arch import EdgeOp
from micronas.space.extent import Plane, effective_kernel, effective_stride
from micronas.strategy.darts.edges import OPS
from micronas.strategy.dnas.parameters import ParameterSource
from micronas.train.batch_norm import by_batch
from micronas.train.depthwise import depthwise_conv2d

Tensor: TypeAlias = Any


def mixed_edges(source: ParameterSource, x: Tensor, weights: Tensor, stride: int, partial: int) -> Tensor:
    """(batch, h, w, edges, channels): the mixtures on ``x`` with ``weights`` (edges, operations).

    One of ``partial`` channels is mixed. The others bypass the mixture, pooled if the cell halves the plane,
    and the channels are shuffled so that others are mixed next (PC-DARTS).
    """
    edges, share = int(weights.shape[0]), int(x.shape[-1]) // partial
    total: Tensor = 0.0
    for op, function in _OPERATIONS.items():
        total += weights[:, OPS.index(op), tf.newaxis] * function(source, x[..., :share], edges, stride)
    if partial == 1:
        return total
    steps = effective_stride(stride, _plane(x))
    passing = tf.nn.max_pool2d(x[..., share:], steps, steps, "SAME") if steps != (1, 1) else x[..., share:]
    joined = tf.concat([total, tf.repeat(passing[:, :, :, tf.newaxis], edges, 3)], -1)
    height, width = joined.shape[1:3]
    parts = tf.reshape(joined, (-1, height, width, edges, partial, share))
    return tf.reshape(tf.transpose(parts, (0, 1, 2, 3, 5, 4)), (-1, height, width, edges, partial * share))


def conv_norm_relu(source: ParameterSource, x: Tensor, filters: int, kernel: int, stride: int) -> Tensor:
    """``filters`` outputs of a square kernel, reduced to the size of the plane."""
    height, width = effective_kernel(kernel, _plane(x))
    channels = int(x.shape[-1])
    weights = source.kernel((height, width, channels, filters), height * width * channels)
    y = tf.nn.conv2d(x, weights, effective_stride(stride, _plane(x)), "SAME")
    return tf.nn.relu(_normalised(source, y))


def depthwise_norm_relu(source: ParameterSource, x: Tensor, kernel: int, stride: int) -> Tensor:
    """One filter per channel."""
    height, width = effective_kernel(kernel, _plane(x))
    weights = source.kernel((height, width, int(x.shape[-1]), 1), height * width)
    steps = effective_stride(stride, _plane(x))
    y = depthwise_conv2d(x, weights, steps)
    return tf.nn.relu(_normalised(source, y))


def _conv(kernel: int) -> _Operation:
    def run(source: ParameterSource, x: Tensor, edges: int, stride: int) -> Tensor:
        return _by_edge(conv_norm_relu(source, x, edges * int(x.shape[-1]), kernel, stride), edges)

    return run


def _depthwise(kernel: int) -> _Operation:
    def run(source: ParameterSource, x: Tensor, edges: int, stride: int) -> Tensor:
        copies = tf.tile(x, (1, 1, 1, edges))
        return _by_edge(depthwise_norm_relu(source, copies, kernel, stride), edges)

    return run


def _separable(source: ParameterSource, x: Tensor, edges: int, stride: int) -> Tensor:
    channels = int(x.shape[-1])
    y = _depthwise(3)(source, x, edges, stride)
    weights = source.kernel((edges, channels, channels), channels)
    y = tf.einsum("bhwec,ecd->bhwed", y, weights)
    flat = tf.reshape(y, (-1, *y.shape[1:3], edges * channels))
    return _by_edge(tf.nn.relu(_normalised(source, flat)), edges)


def _pool(function: Callable[..., Tensor], size: int) -> _Operation:
    def run(source: ParameterSource, x: Tensor, edges: int, stride: int) -> Tensor:
        window = effective_kernel(size, _plane(x))
        y = function(x, window, effective_stride(stride, _plane(x)), "SAME")
        # Without normalisation, a pooling would have a larger scale than the normalised operations beside it.
        return _standardised(y)[:, :, :, tf.newaxis]

    return run


def _identity(source: ParameterSource, x: Tensor, edges: int, stride: int) -> Tensor:
    if effective_stride(stride, _plane(x)) == (1, 1):
        return x[:, :, :, tf.newaxis]
    return _conv(1)(source, x, edges, stride)


_Operation: TypeAlias = Callable[[ParameterSource, Tensor, int, int], Tensor]
"""(parameters, x, edges, stride) -> (batch, h, w, edges or 1, channels)."""

_OPERATIONS: dict[EdgeOp, _Operation] = {
    EdgeOp.IDENTITY: _identity,
    EdgeOp.CONV_3X3: _conv(3),
    EdgeOp.CONV_1X1: _conv(1),
    EdgeOp.DEPTHWISE_3X3: _depthwise(3),
    EdgeOp.DEPTHWISE_5X5: _depthwise(5),
    EdgeOp.SEPARABLE_3X3: _separable,
    EdgeOp.MAX_POOL_3X3: _pool(tf.nn.max_pool2d, 3),
    EdgeOp.MAX_POOL_5X5: _pool(tf.nn.max_pool2d, 5),
    EdgeOp.AVERAGE_POOL_3X3: _pool(tf.nn.avg_pool2d, 3),
}
"""NONE adds nothing: its weight is missing from the others."""


def _by_edge(y: Tensor, edges: int) -> Tensor:
    height, width, channels = y.shape[1:]
    return tf.reshape(y, (-1, height, width, edges, channels // edges))


def _normalised(source: ParameterSource, y: Tensor) -> Tensor:
    channels = int(y.shape[-1])
    return by_batch(y, source.vector(channels, 1.0), source.vector(channels, 0.0))


def _standardised(y: Tensor) -> Tensor:
    channels = int(y.shape[-1])
    return by_batch(y, tf.ones(channels), tf.zeros(channels))


def _plane(x: Tensor) -> Plane:
    return int(x.shape[1]), int(x.shape[2])
