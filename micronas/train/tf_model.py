"""``Net`` -> a trainable TensorFlow network without Keras: one vector of parameters, one of statistics.

A search builds and traces hundreds of networks, each trained for seconds. Keras layers take about 0.7
CPU-seconds to trace and normalise with unfused ops. This form traces a twelve-layer network in about 0.3
CPU-seconds and runs an epoch in half the time. With one flat vector, the optimizer is one op, and keeping the
best weights is a copy of two arrays.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from micronas.model.net import (
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
    Pool,
    PoolKind,
)
from micronas.model.op_attributes import Activation
from micronas.train.depthwise import depthwise_conv2d
from micronas.train.weights import (
    BATCH_NORM_EPSILON,
    BATCH_NORM_MOMENTUM,
    Array,
    NodeWeights,
    Norm,
    Weights,
    initial_weights,
)

Tensor: TypeAlias = Any


class TfModel:
    """The trainable float32 network of ``net``: ``model(x, training) -> logits``.

    ``x`` is (batch, *net.input_shape), the result (batch, classes): a final softmax is left out.
    ``parameters`` is the only trainable variable; ``statistics`` holds running means, then variances, and
    is updated by each call with ``training=True``. ``is_kernel`` is 1.0 where weight decay applies.
    """

    def __init__(self, net: Net, seed: int = 0) -> None:
        self.net, self.seed = net, seed
        weights = initial_weights(net, seed)
        self._shapes = [a.shape for node in weights if node for a in _trained(node)]
        self._channels = [node.norm.mean.size for node in weights if node and node.norm]
        self.is_kernel: Array = _joined(
            np.full(a.size, a is node.kernel, np.float32) for node in weights if node for a in _trained(node)
        )
        self.parameters = tf.Variable(np.zeros(self.is_kernel.size, np.float32), name="parameters")
        self.statistics = tf.Variable(np.zeros(2 * sum(self._channels), np.float32), name="statistics")
        self.set_weights(weights)

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def __call__(self, x: Tensor, training: bool = False) -> Tensor:
        """Logits of a batch."""
        logits, statistics = self.forward(self.parameters, self.statistics, x, training)
        if training and self._channels:
            self.statistics.assign(statistics)
        return logits

    def forward(
        self, parameters: Tensor, statistics: Tensor, x: Tensor, training: bool, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The network as a pure function: logits and the statistics after this batch.

        ``noise``, two integers, seeds the dropout of a training step; without it, nothing is dropped.
        """
        arrays = iter(self.arrays(parameters))
        means_and_variances = _split(statistics, [(n,) for n in self._channels * 2])
        norms = _NormState(means_and_variances, len(self._channels), training)
        values: list[Tensor] = [x]
        for node in self.net.nodes[1:]:
            reads = [values[i] for i in node.inputs]
            if noise is not None and isinstance(node.layer, Dense) and node.layer.dropout:
                reads = [tf.nn.experimental.stateless_dropout(reads[0], node.layer.dropout, noise)]
            values.append(_apply(node.layer, reads, arrays, norms))
        return values[-1], norms.updated()

    def arrays(self, parameters: Tensor) -> list[Tensor]:
        """``parameters`` cut into kernels, each followed by a bias or a normalisation's scale and offset."""
        return _split(parameters, self._shapes)

    def get_weights(self) -> Weights:
        """The current weights, one entry per node."""
        arrays = iter(_split_array(self.parameters.numpy(), self._shapes))
        statistics = _split_array(self.statistics.numpy(), [(n,) for n in self._channels * 2])
        count = len(self._channels)
        norms = iter(zip(statistics[:count], statistics[count:], strict=True))
        return tuple(_node_weights(node.layer, arrays, norms) for node in self.net.nodes)

    def set_weights(self, weights: Weights) -> None:
        """Load ``weights``; TensorFlow raises ``ValueError`` if their number differs."""
        present = [node for node in weights if node]
        norms = [node.norm for node in present if node.norm]
        self.parameters.assign(_joined(a.ravel() for node in present for a in _trained(node)))
        self.statistics.assign(_joined([*(n.mean for n in norms), *(n.variance for n in norms)]))


class _NormState:
    """Provides running statistics in node order and collects the updated ones."""

    def __init__(self, statistics: list[Tensor], count: int, training: bool) -> None:
        self._old = iter(zip(statistics[:count], statistics[count:], strict=True))
        self._new: list[tuple[Tensor, Tensor]] = []
        self._training = training

    def apply(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        mean, variance = next(self._old)
        flat = x if x.shape.rank == 4 else x[:, tf.newaxis, tf.newaxis, :]
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=flat,
            scale=gamma,
            offset=beta,
            mean=mean,
            variance=variance,
            epsilon=BATCH_NORM_EPSILON,
            exponential_avg_factor=1.0 - BATCH_NORM_MOMENTUM if self._training else 1.0,
            is_training=self._training,
        )
        self._new.append((mean, variance))
        return y if x.shape.rank == 4 else y[:, 0, 0, :]

    def updated(self) -> Tensor:
        parts = [m for m, _ in self._new] + [v for _, v in self._new]
        return tf.concat(parts, 0) if parts else tf.zeros(0)


def _apply(layer: Layer, reads: list[Tensor], arrays: Any, norms: _NormState) -> Tensor:
    match layer:
        case Conv() | DepthwiseConv() | Dense():
            y = weighted_sum(layer, reads[0], next(arrays))
            y = norms.apply(y, next(arrays), next(arrays)) if layer.batch_norm else y + next(arrays)
            return activated(layer.activation, y)
        case _:
            return weightless(layer, reads)


def weighted_sum(
    layer: Conv | DepthwiseConv | Dense, x: Tensor, kernel: Tensor, *, traced: bool = False
) -> Tensor:
    """The linear part of a layer, without bias.

    ``traced`` keeps the strides of the layer for a converter, where ``depthwise_conv2d`` may run equal ones.
    """
    match layer:
        case Conv():
            return tf.nn.conv2d(x, kernel, (layer.stride_h, layer.stride_w), layer.padding.value)
        case DepthwiseConv():
            strides, dilations = (layer.stride_h, layer.stride_w), (layer.dilation_h, 1)
            if traced:
                steps = (1, *strides, 1)
                return tf.nn.depthwise_conv2d(x, kernel, steps, layer.padding.value, dilations=dilations)
            return depthwise_conv2d(x, kernel, strides, layer.padding.value, dilations)
        case Dense():
            return tf.matmul(x, kernel)


def weightless(layer: Layer, reads: list[Tensor]) -> Tensor:
    """A layer without weights; a Softmax passes logits through."""
    match layer:
        case Pool():
            pool = tf.nn.max_pool2d if layer.kind is PoolKind.MAX else tf.nn.avg_pool2d
            size, stride = (layer.pool_h, layer.pool_w), (layer.stride_h, layer.stride_w)
            return pool(reads[0], size, stride, layer.padding.value)
        case GlobalAveragePool():
            return tf.reduce_mean(reads[0], (1, 2), keepdims=layer.keep_dims)
        case Add():
            return activated(layer.activation, reads[0] + reads[1])
        case Multiply():
            return reads[0] * reads[1]
        case Concat():
            return tf.concat(reads, -1)
        case Apply():
            return _FUNCTIONS[layer.function](reads[0])
        case Flatten():
            return tf.reshape(reads[0], (-1, int(np.prod(reads[0].shape[1:]))))
        case _:
            return reads[0]


def hard_swish(x: Tensor) -> Tensor:
    """x * relu6(x + 3) / 6, the form that converts to one HARD_SWISH."""
    return x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0)


_FUNCTIONS = {Function.HARD_SWISH: hard_swish, Function.LOGISTIC: tf.nn.sigmoid, Function.RELU: tf.nn.relu}


def activated(activation: Activation, x: Tensor) -> Tensor:
    """The clamp fused into a layer."""
    match activation:
        case Activation.NONE:
            return x
        case Activation.RELU:
            return tf.nn.relu(x)
        case Activation.RELU6:
            return tf.nn.relu6(x)
    raise ValueError(f"{activation} has no float form here")


def _trained(node: NodeWeights) -> list[Array]:
    if node.norm:
        return [node.kernel, node.norm.gamma, node.norm.beta]
    return [node.kernel] if node.bias is None else [node.kernel, node.bias]


def _joined(arrays: Any) -> Array:
    parts = list(arrays)
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _split(vector: Tensor, shapes: list[tuple[int, ...]]) -> list[Tensor]:
    if not shapes:
        return []
    parts = tf.split(vector, [int(np.prod(s)) for s in shapes])
    return [part if len(s) == 1 else tf.reshape(part, s) for part, s in zip(parts, shapes, strict=True)]


def _split_array(vector: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    ends = np.cumsum([int(np.prod(s)) for s in shapes])
    parts = np.split(vector, ends)[: len(shapes)]
    return [part.reshape(s).copy() for part, s in zip(parts, shapes, strict=True)]


def _node_weights(layer: Layer, arrays: Any, norms: Any) -> NodeWeights | None:
    if not isinstance(layer, Conv | DepthwiseConv | Dense):
        return None
    kernel = next(arrays)
    if not layer.batch_norm:
        return NodeWeights(kernel, next(arrays), None)
    gamma, beta = next(arrays), next(arrays)
    mean, variance = next(norms)
    return NodeWeights(kernel, None, Norm(gamma, beta, mean, variance))
