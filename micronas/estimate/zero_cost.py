"""Zero-cost proxies: scores of an untrained network, in a fraction of a second and without labels.

They rank networks roughly. How well they do on given data is measured (``rank.kendall_tau``), never assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.model.graph import Activation
from micronas.model.net import Conv, Dense, DepthwiseConv, Layer, Net
from micronas.train.tf_model import activated, weighted_sum, weightless
from micronas.train.weights import initial_weights

Tensor: TypeAlias = Any
Seen: TypeAlias = Callable[[Tensor], None]


def naswot(net: Net, x: npt.NDArray[np.float32], seed: int = 0) -> float:
    """NASWOT (Mellor et al. 2021): log-determinant of how differently ReLUs respond to ``x``.

    ``x`` is (N, ...) training inputs, 32 or so. Two inputs are similar if the same units are active; a
    network that can distinguish inputs before training has a kernel with a large determinant. -inf if it
    distinguishes none.
    """
    kernel = np.zeros((len(x), len(x)))

    def compare(before_relu: Tensor) -> None:
        on = (before_relu.numpy().reshape(len(x), -1) > 0).astype(np.float32)
        kernel[:] += on @ on.T + (1 - on) @ (1 - on).T

    _walk(
        net, [w and w.kernel for w in initial_weights(net, seed)], tf.constant(x), _batch_normalised, compare
    )
    sign, log_determinant = np.linalg.slogdet(kernel)
    return float(log_determinant) if sign > 0 else float("-inf")


def synflow(net: Net, seed: int = 0) -> float:
    """SynFlow (Tanaka et al. 2020): log of the summed synaptic saliency of a data-free forward pass.

    All weights are positive, the input is all ones, and there is no normalisation. The saliency of a weight
    is the weight times the gradient of the summed output. The logarithm keeps products over layers in range.
    """
    kernels = [w and tf.constant(np.abs(w.kernel), tf.float64) for w in initial_weights(net, seed)]
    present = [k for k in kernels if k is not None]
    with tf.GradientTape() as tape:
        tape.watch(present)
        ones = tf.ones((1, *net.input_shape), tf.float64)
        total = tf.reduce_sum(_walk(net, kernels, ones, lambda y: y, lambda _: None))
    gradients = tape.gradient(total, present)
    saliency = sum(float(tf.reduce_sum(g * k)) for g, k in zip(gradients, present, strict=True))
    return float(np.log(saliency)) if saliency > 0 else float("-inf")


def _walk(
    net: Net, kernels: list[Any], x: Tensor, normalise: Callable[[Tensor], Tensor], before_relu: Seen
) -> Tensor:
    """Forward pass with kernels only; ``before_relu`` receives every value that a ReLU clamps."""
    values: list[Tensor] = [x]
    for node, kernel in zip(net.nodes[1:], kernels[1:], strict=True):
        reads = [values[i] for i in node.inputs]
        values.append(_apply(node.layer, kernel, reads, normalise, before_relu))
    return values[-1]


def _apply(
    layer: Layer, kernel: Any, reads: list[Tensor], normalise: Callable[[Tensor], Tensor], before_relu: Seen
) -> Tensor:
    if not isinstance(layer, Conv | DepthwiseConv | Dense):
        return weightless(layer, reads)
    y = weighted_sum(layer, reads[0], kernel)
    y = normalise(y) if layer.batch_norm else y
    if layer.activation is not Activation.NONE:
        before_relu(y)
    return activated(layer.activation, y)


def _batch_normalised(y: Tensor) -> Tensor:
    mean, variance = tf.nn.moments(y, list(range(len(y.shape) - 1)))
    return (y - mean) * tf.math.rsqrt(variance + 1e-3)
