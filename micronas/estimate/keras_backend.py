"""``Net`` -> Keras model that returns logits.

The final softmax is left out: losses on logits are stable, and ``micronas.quantize`` adds it back.
Layer names carry the node's index (``n3_conv``, ``n3_norm``), which is how the weights of a node are found.
"""

from __future__ import annotations

from typing import Any

import keras

from micronas.graph import Activation
from micronas.net import (
    Add,
    Apply,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Flatten,
    Function,
    GlobalAveragePool,
    Input,
    Layer,
    Multiply,
    Net,
    Pool,
    PoolKind,
    Softmax,
)

BATCH_NORM_MOMENTUM = 0.9
"""Keras' 0.99 needs some 500 steps to forget its start; a short training has fewer than that."""

BATCH_NORM_EPSILON = 1e-3


def keras_model(net: Net, batch: int | None = None, *, seed: int = 0) -> keras.Model:
    """Builds the trainable float32 network of ``net``.

    Input (batch, *net.input_shape) in the model's range; output logits (batch, classes). ``batch`` fixes
    the batch size; None leaves it open. Equal ``seed``, equal initial weights.
    """
    values: list[Any] = []
    for index, node in enumerate(net.nodes):
        reads = [values[i] for i in node.inputs]
        values.append(_apply(node.layer, reads, index, batch, seed))
    return keras.Model(values[0], values[-1])


def _apply(layer: Layer, reads: list[Any], index: int, batch: int | None, seed: int) -> Any:
    name = f"n{index}"
    match layer:
        case Input():
            return keras.Input(batch_shape=(batch, *layer.shape), name="x")
        case Conv() | DepthwiseConv() | Dense():
            return _weighted(layer, reads[0], name, seed * 1009 + index)
        case Pool():
            pool = keras.layers.MaxPooling2D if layer.kind is PoolKind.MAX else keras.layers.AveragePooling2D
            size, stride = (layer.pool_h, layer.pool_w), (layer.stride_h, layer.stride_w)
            return pool(size, stride, layer.padding.value.lower(), name=f"{name}_pool")(reads[0])
        case GlobalAveragePool():
            return keras.layers.GlobalAveragePooling2D(keepdims=layer.keep_dims, name=f"{name}_mean")(reads[0])
        case Add():
            return _activated(layer.activation, keras.layers.Add(name=f"{name}_add")(reads), name)
        case Multiply():
            return keras.layers.Multiply(name=f"{name}_multiply")(reads)
        case Concat():
            return keras.layers.Concatenate(name=f"{name}_concat")(reads)
        case Apply():
            return keras.layers.Activation(_FUNCTIONS[layer.function], name=f"{name}_function")(reads[0])
        case Flatten():
            return keras.layers.Flatten(name=f"{name}_flatten")(reads[0])
        case Softmax():
            return reads[0]


_FUNCTIONS = {Function.HARD_SWISH: "hard_swish", Function.LOGISTIC: "sigmoid", Function.RELU: "relu"}


def _weighted(layer: Conv | DepthwiseConv | Dense, x: Any, name: str, seed: int) -> Any:
    initial = keras.initializers.HeNormal(seed=seed)
    bias = not layer.batch_norm
    match layer:
        case Dense():
            op = keras.layers.Dense(layer.units, use_bias=bias, kernel_initializer=initial, name=f"{name}_dense")
        case Conv():
            op = keras.layers.Conv2D(
                layer.filters,
                (layer.kernel_h, layer.kernel_w),
                (layer.stride_h, layer.stride_w),
                layer.padding.value.lower(),
                use_bias=bias,
                kernel_initializer=initial,
                name=f"{name}_conv",
            )
        case DepthwiseConv():
            op = keras.layers.DepthwiseConv2D(
                (layer.kernel_h, layer.kernel_w),
                (layer.stride_h, layer.stride_w),
                layer.padding.value.lower(),
                use_bias=bias,
                depthwise_initializer=_depthwise_initial(x.shape[-1], seed),
                name=f"{name}_depthwise",
            )
    y = op(x)
    if layer.batch_norm:
        y = keras.layers.BatchNormalization(
            momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=f"{name}_norm"
        )(y)
    return _activated(layer.activation, y, name)


def _depthwise_initial(channels: int, seed: int) -> Any:
    # Keras counts all channels into a depthwise kernel's fan-in, of which each filter sees one.
    return keras.initializers.VarianceScaling(2.0 * channels, "fan_in", "truncated_normal", seed=seed)


def _activated(activation: Activation, x: Any, name: str) -> Any:
    match activation:
        case Activation.NONE:
            return x
        case Activation.RELU:
            return keras.layers.ReLU(name=f"{name}_relu")(x)
        case Activation.RELU6:
            return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x)
    raise ValueError(f"no Keras layer for {activation}")
