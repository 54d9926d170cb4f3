"""Zero-cost proxies: scores of an untrained network, in a fraction of a second and without labels.

They rank networks roughly. How well they do on given data is measured (``rank.kendall_tau``), never assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from micronas.model.net import Add, Apply, Conv, Dense, DepthwiseConv, Function, Layer, Multiply, Net
from micronas.model.op_attributes import Activation
from micronas.train.tf_model import activated, weighted_sum, weightless
from micronas.train.weights import initial_weights

Tensor: TypeAlias = Any
Seen: TypeAlias = Callable[[Tensor], None]


def naswot(net: Net, x: npt.NDArray[np.float32], seed: int = 0) -> float:
    """NASWOT (Mellor et al. 2021): log-determinant of how differently rectifiers respond to ``x``.

    ``x`` is (N, ...) training inputs, 32 or so. Rectifiers are ReLU, ReLU6 and hard-swish. Two inputs are
    similar if the same units are active; a network that can distinguish inputs before training has a kernel
    with a large determinant. -inf if it distinguishes none.
    """
    kernel = np.zeros((len(x), len(x)))

    def compare(before_relu: Tensor) -> None:
        on = (before_relu.numpy().reshape(len(x), -1) > 0).astype(np.float32)
        kernel[:] += on @ on.T + (1 - on) @ (1 - on).T

    kernels = [w and w.kernel for w in initial_weights(net, seed)]
    _walk(net, kernels, tf.constant(x), _Units(compare))
    sign, log_determinant = np.linalg.slogdet(kernel)
    return float(log_determinant) if sign > 0 else float("-inf")


def synflow(net: Net, seed: int = 0) -> float:
    """SynFlow (Tanaka et al. 2020): log of the summed synaptic saliency of a data-free forward pass.

    All weights are positive, the input is all ones, and there is no normalisation. The saliency of a weight
    is the weight times the gradient of the summed output. The logarithm keeps products over layers in range.
    """
    total = sum(saliencies(net, seed))
    return float(np.log(total)) if total > 0 else float("-inf")


def saliencies(net: Net, seed: int = 0) -> list[float]:
    """SynFlow's saliency, summed over the kernel of each node that has one, in node order.

    The flow is linear: a ReLU6 does not clamp, and a hard-swish passes on what a ReLU would, because
    products over layers leave the range of either. A gate is open, so the layers that compute it have no
    saliency. The saliencies of every cut through the network therefore sum to its output (conservation).
    """
    kernels = [w and tf.constant(np.abs(w.kernel), tf.float64) for w in initial_weights(net, seed)]
    present = [k for k in kernels if k is not None]
    with tf.GradientTape() as tape:
        tape.watch(present)
        ones = tf.ones((1, *net.input_shape), tf.float64)
        output = tf.reduce_sum(_walk(net, kernels, ones, _Flow()))
    gradients = tape.gradient(output, present, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return [float(tf.reduce_sum(g * k)) for g, k in zip(gradients, present, strict=True)]


class _Walk(Protocol):
    """What a node without its bias computes, from its kernel (None without one) and its inputs."""

    def __call__(self, layer: Layer, kernel: Any, reads: list[Tensor]) -> Tensor: ...


def _walk(net: Net, kernels: list[Any], x: Tensor, apply: _Walk) -> Tensor:
    values: list[Tensor] = [x]
    for node, kernel in zip(net.nodes[1:], kernels[1:], strict=True):
        values.append(apply(node.layer, kernel, [values[i] for i in node.inputs]))
    return values[-1]


class _Units:
    """The forward pass of NASWOT; ``seen`` receives the input of every rectifier."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def __call__(self, layer: Layer, kernel: Any, reads: list[Tensor]) -> Tensor:
        if isinstance(layer, Conv | DepthwiseConv | Dense):
            y = weighted_sum(layer, reads[0], kernel)
            y = _batch_normalised(y) if layer.batch_norm else y
        elif isinstance(layer, Add):
            y = reads[0] + reads[1]
        else:
            if isinstance(layer, Apply) and layer.function in (Function.RELU, Function.HARD_SWISH):
                self._seen(reads[0])
            return weightless(layer, reads)
        if layer.activation is not Activation.NONE:
            self._seen(y)
        return activated(layer.activation, y)


class _Flow:
    """The linear forward pass of SynFlow, over values that are all positive."""

    def __call__(self, layer: Layer, kernel: Any, reads: list[Tensor]) -> Tensor:
        match layer:
            case Conv() | DepthwiseConv() | Dense():
                return weighted_sum(layer, reads[0], kernel)
            case Add():
                return reads[0] + reads[1]
            case Multiply():
                return max(reads, key=lambda read: int(tf.size(read)))  # the other one is the gate
            case Apply():
                return reads[0]
            case _:
                return weightless(layer, reads)


def _batch_normalised(y: Tensor) -> Tensor:
    mean, variance = tf.nn.moments(y, list(range(len(y.shape) - 1)))
    return (y - mean) * tf.math.rsqrt(variance + 1e-3)
