"""A small network with every kind of layer, a residual connection, a gate and two inputs joined."""

from __future__ import annotations

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
    Net,
    NetBuilder,
    Pool,
    PoolKind,
    SoftmaxLayer,
)


def every_layer() -> Net:
    """Input (17, 9, 2), output 4 probabilities."""
    builder = NetBuilder((17, 9, 2))
    builder.chain(Conv(8, 3, 3, 2, 1), DepthwiseConv(5, 3, 2, 2, activation=Activation.RELU6))
    trunk = builder.add(Conv(8, 1, 1, activation=Activation.NONE, batch_norm=False))
    left = builder.add(Conv(8, 3, 3, activation=Activation.NONE), trunk)
    total = builder.add(Add(Activation.RELU), trunk, left)
    gate = builder.add(GlobalAveragePool(keep_dims=True), total)
    gate = builder.add(Conv(8, 1, 1, activation=Activation.NONE, batch_norm=False), gate)
    gate = builder.add(Apply(Function.LOGISTIC), gate)
    scaled = builder.add(Multiply(), total, gate)
    swished = builder.add(Apply(Function.HARD_SWISH), scaled)
    builder.add(Concat(), total, swished)
    builder.chain(Pool(PoolKind.MAX, 2, 2, 2, 2), Pool(PoolKind.AVERAGE, 2, 1, 2, 1), Flatten())
    return builder.chain(Dense(6, Activation.RELU, batch_norm=True), Dense(4), SoftmaxLayer()).build()
