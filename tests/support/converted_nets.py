"""Networks of every kind of layer, with weights as after training, for the tests of the converter."""

from __future__ import annotations

import os

import numpy as np

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
    Multiply,
    NetBuilder,
    Padding,
    Pool,
    PoolKind,
    SoftmaxLayer,
)
from micronas.train.weights import NodeWeights, Norm, initial_weights

ARCHITECTURES = int(os.environ.get("MICRONAS_EQUALITY_NETS", "60"))
"""How many random networks the property test converts, at about 0.04 CPU-seconds each."""

SHAPES = ((28, 28, 1), (49, 10, 1), (64, 1, 3), (49, 40, 1), (32, 32, 3), (5, 3, 2), (1, 1, 4), (600, 1, 1))


def trained_like(net, seed):
    """Weights with no zeros and no identity normalisation, as after training.

    Shifts are positive: with random ones, a layer of four channels is now and then dead (all ReLUs closed),
    which is refused, and rightly.
    """
    rng = np.random.default_rng(seed)

    def drawn(low, high, channels):
        return rng.uniform(low, high, channels).astype(np.float32)

    def node(w):
        if w is None:
            return None
        if w.norm is None:
            return NodeWeights(w.kernel, drawn(0.1, 0.6, w.bias.size), None)
        n = w.norm.mean.size
        norm = Norm(drawn(0.5, 1.5, n), drawn(0.1, 0.6, n), drawn(-0.3, 0.1, n), drawn(0.5, 1.5, n))
        return NodeWeights(w.kernel, None, norm)

    return tuple(node(w) for w in initial_weights(net, seed))


def samples_for(net, seed=0, count=8):
    return np.random.default_rng(seed).normal(0, 1, (count, *net.input_shape)).astype(np.float32)


def branching_net():
    """Parallel branches, which the converter lists in an order of its own."""
    builder = NetBuilder((16, 16, 3))
    x = builder.add(Conv(8, 3, 3, 2, 2))
    a = builder.add(Conv(8, 3, 3), x)
    b = builder.add(DepthwiseConv(3, 3), x)
    c = builder.add(Pool(PoolKind.AVERAGE, 3, 3, 1, 1, Padding.SAME), x)
    d = builder.add(Pool(PoolKind.MAX, 3, 3, 1, 1, Padding.SAME), x)
    s = builder.add(Add(Activation.RELU), a, b)
    builder.add(Concat(), s, c, d, x)
    return builder.chain(GlobalAveragePool(), Dense(4), SoftmaxLayer()).build()


def gated_net():
    """A MobileNetV3-like block: hard-swish and squeeze-excite."""
    builder = NetBuilder((12, 12, 3))
    builder.chain(Conv(8, 3, 3, 2, 2, activation=Activation.NONE), Apply(Function.HARD_SWISH))
    x = builder.last
    builder.add(GlobalAveragePool(keep_dims=True))
    builder.chain(
        Conv(4, 1, 1, batch_norm=False), Conv(8, 1, 1, activation=Activation.NONE, batch_norm=False)
    )
    gate = builder.add(Apply(Function.LOGISTIC))
    builder.add(Multiply(), x, gate)
    return builder.chain(GlobalAveragePool(), Dense(4), SoftmaxLayer()).build()


def dilated_net():
    """Rows of the windows lie apart, in a plane whose height is no multiple of the distance."""
    builder = NetBuilder((21, 10, 1)).chain(Conv(8, 3, 3), DepthwiseConv(3, 3, dilation_h=4), Conv(8, 1, 1))
    builder.chain(DepthwiseConv(5, 3, dilation_h=2), Conv(12, 1, 1))
    return builder.chain(GlobalAveragePool(), Dense(4), SoftmaxLayer()).build()


def dense_net():
    return (
        NetBuilder((6, 5, 2))
        .chain(Flatten(), Dense(16, Activation.RELU, batch_norm=True), Dense(8, Activation.RELU), Dense(3))
        .build()
    )


def flat_net():
    """A flattening of a single position, which the converter drops."""
    return (
        NetBuilder((6, 6, 2))
        .chain(Conv(8, 3, 3), Pool(PoolKind.AVERAGE, 6, 6, 6, 6), Flatten(), Dense(3), SoftmaxLayer())
        .build()
    )
